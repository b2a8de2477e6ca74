package service

import (
	"testing"

	"rundock/internal/pki"
	"rundock/supervisor/certificates"
)

// TestCertificateTrouble_is_that_of_the_certificate_for_etcd, and of no other.
func TestCertificateTrouble_is_that_of_the_certificate_for_etcd(t *testing.T) {
	rows := func(state pki.State) []certificates.Row {
		return []certificates.Row{{Name: "ca", State: pki.Valid}, {Name: "dns", State: pki.Expired}, {Name: "host", State: state, Text: "it\nsays"}}
	}
	const ours = "/etc/rundock/pki/host.crt"
	for _, c := range []struct {
		what, cert string
		rows       []certificates.Row
		want       string
	}{
		{"valid", ours, rows(pki.Valid), ""},
		{"it ends soon", ours, rows(pki.EndsSoon), ""},
		{"foreign", ours, rows(pki.Foreign), "certificate host, foreign: it says"},
		{"expired", ours, rows(pki.Expired), "certificate host, expired: it says"},
		{"missing", ours, rows(pki.Valid)[:2], "certificate host is missing"},
		{"none is there", ours, nil, "certificate host is missing"},
		{"etcd is asked without", "", rows(pki.Foreign), ""},
		{"a certificate of the operator's own", "/etc/ssl/host.crt", rows(pki.Foreign), ""},
	} {
		if got := certificateTrouble(c.cert, c.rows); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
