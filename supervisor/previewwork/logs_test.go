package previewwork

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/moduletest"
	"rundock/internal/pki"
	"rundock/internal/preview"
	"rundock/internal/registry/tlsfiles"
	"rundock/internal/stack/release"
	"rundock/supervisor/previewlog"
)

// certificate makes NAME.crt and NAME.key in dir.
func certificate(t *testing.T, a pki.Authority, dir, name string, w pki.Wanted) tlsfiles.Files {
	t.Helper()
	pem, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.ParseKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.NewRequest(key, "whatever it says")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Sign(request, w, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f := tlsfiles.Files{CA: filepath.Join(dir, "ca.crt"), Cert: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key")}
	for path, data := range map[string][]byte{f.Cert: cert, f.Key: pem, f.CA: pki.Bundle(a.Cert)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestLogs_are_given_to_pages_alone(t *testing.T) {
	if moduletest.InHost { // whose loopback is down
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	ours, err := pki.NewAuthority("ours", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	others, err := pki.NewAuthority("others", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.log"), []byte(`{"n":1,"t":"2026-11-30T00:00:00Z","text":"step 1"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &worker{log: slog.New(slog.DiscardHandler)}
	w.logs, w.logsAt = dir, "127.0.0.1:0"
	w.logsTLS = certificate(t, ours, dir, "preview-logs", pki.Wanted{Subject: "preview-logs:node-1", Profile: pki.Server, Names: []string{"127.0.0.1"}})
	l, err := w.listenForPages()
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:  previewlog.PageOnly((&previewlog.Server{Build: previewlog.Builds(dir).Of, Done: t.Context(), Log: w.log}).Handler()),
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	go server.Serve(l)
	defer server.Close()
	ask := func(f tlsfiles.Files) string {
		log, err := previewlog.ReadAll(t.Context(), previewlog.Hosts{TLS: f}.Remote("node-1", l.Addr().String(), "main", ""), previewlog.Place{})
		return fmt.Sprint(len(log.Lines), err)
	}
	page := pki.Wanted{Subject: previewlog.Pages + "node-2", Profile: pki.Client}
	if got := ask(certificate(t, ours, dir, "page", page)); got != "1 <nil>" {
		t.Errorf("a page gets %s, want its line", got)
	}
	for who, f := range map[string]tlsfiles.Files{
		"the certificate is of none":  certificate(t, ours, dir, "host", pki.Wanted{Subject: "host:node-2", Profile: pki.Client}),
		"certificate required":        {CA: w.logsTLS.CA},
		"signed by unknown authority": certificate(t, others, elsewhere, "page", page),
	} {
		if got := ask(f); strings.HasPrefix(got, "1") || !strings.Contains(got, who) {
			t.Errorf("with %s it is %s, want that %s", f.Cert, got, who)
		}
	}
	// One of another authority that believes ours is refused by the builder.
	stranger := certificate(t, others, elsewhere, "page", page)
	stranger.CA = w.logsTLS.CA
	if got := ask(stranger); strings.HasPrefix(got, "1") {
		t.Errorf("with a certificate of another authority it is %s", got)
	}
	if got := ask(tlsfiles.Files{}); strings.HasPrefix(got, "1") {
		t.Errorf("without TLS it is %s", got)
	}
}

// givesLogs comes after sets.
func (r *rig) givesLogs() {
	v, err := release.Load(r.Context(), r.store, preview.StackOf("feature-foo"))
	if err != nil || v.Base() == nil {
		r.Fatal(v, err)
	}
	ask := func(name, slot string) string {
		log, err := previewlog.ReadAll(r.Context(), previewlog.Hosts{}.Remote("node-1", logsAt, name, slot), previewlog.Place{})
		text := fmt.Sprint(err)
		for _, l := range log.Lines {
			text += "\n" + l.Text
		}
		return text
	}
	for slot := range v.Base().Slots {
		r.so("its container says that it has a token", func() bool { return ask("feature-foo", slot.String()) == "<nil>\ntoken=****" })
		if got := ask("feature", "foo-"+slot.String()); !strings.Contains(got, "has no container") {
			r.Errorf("as another preview's it is %s", got)
		}
	}
	if got := ask("feature-foo", "../x.1"); !strings.Contains(got, "has no container") {
		r.Errorf("of another folder it is %s", got)
	}
	if got := ask("feature-foo", ""); !strings.Contains(got, "nothing is built") || strings.Contains(got, secret) {
		r.Errorf("that of the build is %s", got)
	}
}
