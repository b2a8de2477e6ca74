package previewroute

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/pki/pkitest"
	"rundock/supervisor/servedcert"
)

func TestNetworks(t *testing.T) {
	got, err := networks("10.1.2.3/8,192.0.2.1,fd00::/8")
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("fd00::/8")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("networks: %v, %v", got, err)
	}
	if none, err := networks(""); err != nil || none != nil {
		t.Errorf("no networks: %v, %v", none, err)
	}
	if _, err := networks("10.0.0.0/8,proxy"); err == nil || !strings.Contains(err.Error(), "proxy") {
		t.Errorf("networks(proxy): %v", err)
	}
}

func TestSettings_refuse(t *testing.T) {
	for want, s := range map[string]settings{
		"go together":       {http: ":80", https: ":443"},
		"nothing to listen": {},
		"--drain":           {http: ":80", drain: -1},
	} {
		if err := s.check(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
	if err := (settings{http: ":80"}).check([]string{"akira"}); err == nil || !strings.Contains(err.Error(), "akira") {
		t.Errorf("a word too many: %v", err)
	}
}

// certify writes a certificate for *.y.example.com that signs itself.
func certify(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	public, private := pkitest.SelfSigned(t, &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"*." + domain}, NotAfter: time.Now().Add(time.Hour)})
	for path, data := range map[string][]byte{key: private, cert: public} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHTTPS_takes_up_another_certificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	certify(t, cert, key, 1)
	g := newRig(t)
	g.serve(servedcert.New(cert, key, slog.New(slog.DiscardHandler)))
	served := func() int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", g.address, &tls.Config{ServerName: "akira." + domain, InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		state := conn.ConnectionState()
		if state.NegotiatedProtocol != "h2" {
			t.Errorf("it speaks %q, want h2", state.NegotiatedProtocol)
		}
		if err := state.PeerCertificates[0].VerifyHostname("akira." + domain); err != nil {
			t.Error(err)
		}
		return state.PeerCertificates[0].SerialNumber.Int64()
	}
	if got := served(); got != 1 {
		t.Errorf("certificate %d, want 1", got)
	}
	certify(t, cert, key, 2)
	// The time of change is what tells that it is another one, and may be the same on a coarse clock.
	if err := os.Chtimes(cert, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := served(); got != 2 {
		t.Errorf("certificate %d, want 2", got)
	}
}
