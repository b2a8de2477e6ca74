package certificates

import (
	"crypto/x509"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rundock/internal/control"
	"rundock/internal/pki"
)

// TestRotate has another authority take the place of the first: at each step whoever
// has made the one before believes those who have not, and each may break off.
func TestRotate(t *testing.T) {
	s := newSite(t)
	s.install(client)
	step := func(name string, actions ...string) string {
		t.Helper()
		q := control.CertRequest{Op: control.CertAuthority, Rotate: name, Check: true}
		before := s.files()
		s.must(s.signer, q, actions...)
		if !maps.Equal(before, s.files()) {
			t.Errorf("check of %s changes files", name)
		}
		q.Check = false
		made := s.must(s.signer, q, actions...)
		if again := s.must(s.signer, q); again.Authority != made.Authority {
			t.Errorf("%s again answers others", name)
		}
		return made.Authority
	}
	parsed := func(bundle string) []*x509.Certificate {
		t.Helper()
		certs, err := pki.ParseCertificates([]byte(bundle))
		if err != nil {
			t.Fatal(err)
		}
		return certs
	}
	present := func(authority string, actions ...string) {
		t.Helper()
		q := control.CertRequest{Op: control.CertPresent, Authority: authority, Certificates: []control.Certificate{client}}
		asked := s.must(s.node, q, actions...)
		if len(asked.Requests) > 0 {
			q.Issued = s.signed(asked, client)
			s.must(s.node, q, "certificate host installed: another authority signs by now")
		}
		s.must(s.node, q)
		if rows, err := s.node.rows(); err != nil || slices.ContainsFunc(rows, func(r Row) bool { return r.State != pki.Valid }) {
			t.Errorf("certificates are %+v, %v", rows, err)
		}
	}
	first := s.must(s.signer, control.CertRequest{Op: control.CertAuthority}).Authority
	s.refuses(s.signer, control.CertRequest{Op: control.CertAuthority, Rotate: control.RotateSign}, "there is no other one to sign")

	// A beginning that broke off before the certificate was written.
	key, err := pki.NewKey()
	if err == nil {
		err = os.WriteFile(filepath.Join(s.signer.authority, nextKey), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	both := step(control.RotateBegin, "another authority made, which is believed and does not sign yet")
	if !parsed(both)[0].Equal(parsed(first)[0]) {
		t.Error("another one signs already")
	}
	s.refuses(s.signer, control.CertRequest{Op: control.CertAuthority, Rotate: control.RotateEnd}, "the one of before still signs")
	present(both, "authority's certificate installed")

	signs := step(control.RotateSign, "the other authority signs")
	if parsed(signs)[0].Equal(parsed(first)[0]) {
		t.Error("the one of before still signs")
	}
	present(signs, "authority's certificate installed", "certificate host asked for: another authority signs by now")

	last := step(control.RotateEnd, "the authority of before is believed no more")
	present(last, "authority's certificate installed")
	present("")
	if _, err := os.Stat(filepath.Join(s.signer.authority, nextKey)); err == nil {
		t.Errorf("%s is still there", nextKey)
	}
	data, err := os.ReadFile(filepath.Join(s.node.dir, "host.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if v := pki.Judge(parsed(string(data))[0], parsed(first), pki.Wanted{}, start); v.State != pki.Foreign {
		t.Errorf("by the first authority the certificate is %s", v.State)
	}
}

// TestVerify takes an authority that ended, and one of several that are believed, and none whose key is another's.
func TestVerify(t *testing.T) {
	s := newSite(t)
	verified := func(what string, want int) {
		t.Helper()
		if code := s.signer.verify(); code != want {
			t.Errorf("%s: exit code %d, want %d", what, code, want)
		}
	}
	verified("none", 1)
	s.do(s.signer, control.CertRequest{Op: control.CertAuthority, Title: "test"})
	verified("one", 0)
	s.do(s.signer, control.CertRequest{Op: control.CertAuthority, Rotate: control.RotateBegin})
	verified("another that does not sign yet", 0)
	s.signer.now = start.Add(11 * year)
	verified("one that ended", 0)
	key, err := pki.NewKey()
	if err == nil {
		err = os.WriteFile(filepath.Join(s.signer.authority, authorityKey), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	verified("another's key", 1)
}
