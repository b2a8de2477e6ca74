package previewweb

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/registrytest"
	"rundock/supervisor/previewweb/access"
)

func TestPage_is_for_loopback_until_somebody_is_let_in(t *testing.T) {
	g := newRig(t)
	o := options{listen: registrytest.Address(), access: filepath.Join(t.TempDir(), "access.json")}
	p := g.parts
	var err error
	if p.guard, err = access.Open(o.access, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- o.listenAndServe(ctx, p) }()
	_, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		t.Fatal(err)
	}
	answers := func(address, token string) string {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/api/v1/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			return "none"
		}
		res.Body.Close()
		return res.Status[:3]
	}
	await.Equal(t, "loopback answers without a token", "200", func() string { return answers("127.0.0.1:"+port, "") })
	if got := answers(o.listen, ""); got != "none" {
		t.Errorf("the address for others answers %s before somebody is let in", got)
	}
	token, err := access.NewToken(o.access, "ada", access.Read)
	if err != nil {
		t.Fatal(err)
	}
	await.Equal(t, "the address for others answers", "200", func() string { return answers(o.listen, token) })
	if got := answers(o.listen, "") + " " + answers("127.0.0.1:"+port, ""); got != "401 none" {
		t.Errorf("without a token there, and on loopback, it answers %s", got)
	}
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
