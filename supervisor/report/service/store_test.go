package service

import (
	"testing"

	"rundock/supervisor/certificates"
)

// TestCertificateTrouble_is_that_of_the_certificate_for_etcd, and of no other.
func TestCertificateTrouble_is_that_of_the_certificate_for_etcd(t *testing.T) {
	rows := func(host certificates.Row) []certificates.Row {
		host.Name, host.Text = "host", "it\nsays"
		return []certificates.Row{{Name: "ca", State: "valid"}, {Name: "dns", State: "expired"}, host}
	}
	const ours = "/etc/rundock/pki/host.crt"
	for _, c := range []struct {
		what, cert string
		rows       []certificates.Row
		want       string
	}{
		{"valid", ours, rows(certificates.Row{State: "valid"}), ""},
		{"it ends soon", ours, rows(certificates.Row{State: "ends soon"}), ""},
		{"foreign", ours, rows(certificates.Row{State: "foreign"}), "certificate host, foreign: it says"},
		{"expired", ours, rows(certificates.Row{State: "expired"}), "certificate host, expired: it says"},
		{"missing", ours, rows(certificates.Row{State: "valid"})[:2], "certificate host is missing"},
		{"none is there", ours, nil, "certificate host is missing"},
		{"etcd is asked without", "", rows(certificates.Row{State: "foreign"}), ""},
		{"a certificate of the operator's own", "/etc/ssl/host.crt", rows(certificates.Row{State: "foreign"}), ""},
	} {
		if got := certificateTrouble(c.cert, c.rows); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
