package haproxy_test

import (
	"testing"

	"rundock/internal/haproxy/haproxytest"
)

// TestNewer_HAProxy is what a HAProxy of the next Debian could take otherwise: the
// configuration, and each command of the socket.
func TestNewer_HAProxy(t *testing.T) {
	haproxytest.Newer(t)
	t.Run("configuration", TestConfig_is_valid_for_HAProxy)
	t.Run("routes", TestRoutes_send_requests_to_services_and_colours)
	t.Run("slots", TestPlan_brings_an_instance_into_rotation_only_when_it_was_checked)
	t.Run("certificate", TestRenewCertificate_takes_a_new_file_without_a_reload)
	t.Run("errors", TestSocket_errors_name_the_command)
}
