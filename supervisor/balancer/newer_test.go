package balancer

import (
	"strings"
	"testing"

	"rundock/internal/haproxy/haproxytest"
)

// TestNewer_HAProxy is what depends on HAProxy most, with that of the next Debian.
func TestNewer_HAProxy(t *testing.T) {
	haproxytest.Newer(t)
	t.Run("flips", func(t *testing.T) {
		f := newField(t, 2)
		f.flip(8)
		if version := f.balancers[0].read().HAProxy; !strings.HasPrefix(version, "3.") {
			t.Errorf("the load balancer ran HAProxy %s", version)
		}
	})
	t.Run("a reload", TestReload_and_a_flip_right_after_it_fail_no_request)
	t.Run("HAProxy is killed", TestHAProxy_that_was_killed_has_instances_and_colour_at_once)
	t.Run("changes by hand", TestBalancer_puts_right_what_was_changed_by_hand)
	t.Run("errors of the canary share", TestAttempt_goes_back_from_the_canary_share_for_errors)
	t.Run("long sessions", TestSessions_that_last_too_long_are_shut_down)
	t.Run("a renewed certificate", TestCertificate_that_is_renewed_needs_no_reload)
	t.Run("a refused configuration", TestConfig_that_HAProxy_refuses_stays_away_and_is_named)
	t.Run("how instances stand", TestInstances_stand_as_HAProxy_says)
}
