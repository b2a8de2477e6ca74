package imageserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rundock/internal/pki"
	"rundock/supervisor/process"
)

// issue writes a certificate of authority for 127.0.0.1, and returns its serial number.
func issue(t *testing.T, a pki.Authority, p pair) string {
	t.Helper()
	key, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := pki.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.NewRequest(parsed, "images")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Sign(request, pki.Wanted{Subject: "images", Profile: pki.Server, Names: []string{"127.0.0.1"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{p.key: key, p.cert: cert} {
		if err := os.WriteFile(path+".new", data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	all, err := pki.ParseCertificates(cert)
	if err != nil {
		t.Fatal(err)
	}
	return all[0].SerialNumber.String()
}

func TestFront_takes_up_a_renewed_certificate_and_cuts_nobody(t *testing.T) {
	dir := t.TempDir()
	socket, p := filepath.Join(dir, "s"), pair{filepath.Join(dir, "crt"), filepath.Join(dir, "key")}
	behind, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	slow := make(chan bool)
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/slow" {
			w.(http.Flusher).Flush()
			<-slow
		}
		fmt.Fprintf(w, "%s %s", r.URL.Path, data)
	})}
	go server.Serve(behind)
	t.Cleanup(func() { server.Close() })

	a, err := pki.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f := front{to: socket, pair: p}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.serve(t.Context(), l, process.NewLogger()); err == nil {
		t.Fatal("it serves without a certificate")
	}
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	first := issue(t, a, p)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- f.serve(ctx, l, process.NewLogger()) }()

	trusted := x509.NewCertPool()
	trusted.AddCert(a.Cert)
	ask := func(path string) (*http.Response, string) {
		t.Helper()
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}}
		r, err := client.Post("https://"+l.Addr().String()+path, "", &io.LimitedReader{R: zeros{}, N: 3})
		if err != nil {
			t.Fatal(err)
		}
		return r, r.TLS.PeerCertificates[0].SerialNumber.String()
	}
	body := func(r *http.Response) string {
		t.Helper()
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		return string(data)
	}
	r, serial := ask("/one")
	if got := body(r); got != "/one 000" || serial != first {
		t.Errorf("answer %q by certificate %s, want %s", got, serial, first)
	}
	long, _ := ask("/slow")
	second := issue(t, a, p)
	if _, serial := ask("/two"); serial != second {
		t.Errorf("after the renewal certificate %s is served, want %s", serial, second)
	}
	if err := os.WriteFile(p.cert, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, serial := ask("/three"); serial != second {
		t.Errorf("beside a damaged file certificate %s is served, want %s", serial, second)
	}
	close(slow)
	if got := body(long); got != "/slow 000" {
		t.Errorf("what was under way during the renewal is answered %q", got)
	}
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
