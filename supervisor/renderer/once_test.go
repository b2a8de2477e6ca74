package renderer

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"rundock/internal/hostconfig"
)

// loaded is a host that has read the store.
func (r *rig) loaded() *host {
	h := newHost(r.dir, hostconfig.Config{Label: "s", Domain: "example.com"}, slog.New(slog.DiscardHandler))
	if err := h.load(context.Background(), r.store, time.Minute); err != nil {
		r.Fatal(err)
	}
	return h
}

func TestDry_run_shows_the_change_and_makes_none(t *testing.T) {
	r := setUp(t)
	r.instances(1, 80)
	var out strings.Builder
	if well, err := r.loaded().once(t.Context(), r.t, true, true, &out); err != nil || !well {
		t.Fatalf("once = %v, %v", well, err)
	}
	want := "web: " + r.t.Dest + " would be replaced\n--- " + r.t.Dest + "\n+++ " + r.t.Dest + " (rendered)\n@@ -0,0 +1 @@\n+10.0.0.1:80\n"
	if out.String() != want {
		t.Errorf("output is %s, want %s", &out, want)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) != 0 {
		t.Errorf("--dry-run made %v, %v", left, err)
	}
}

func TestOnce_makes_the_file_and_says_what_keeps_it(t *testing.T) {
	r := setUp(t)
	r.instances(2, 80)
	var out strings.Builder
	if well, err := r.loaded().once(t.Context(), r.t, false, false, &out); err != nil || !well || r.lines("web.conf") != 2 || r.lines("reloads") != 1 {
		t.Errorf("once = %v, %v; the file has %q, %d reloads", well, err, r.read("web.conf"), r.lines("reloads"))
	}
	if well, err := r.loaded().once(t.Context(), r.t, true, true, &out); err != nil || !well || !strings.HasSuffix(out.String(), "is as it should be\n") {
		t.Errorf("--dry-run after --once = %v, %v: %s", well, err, &out)
	}
	r.instances(0, 80)
	if well, err := r.loaded().once(t.Context(), r.t, false, false, &out); err != nil || well || r.lines("web.conf") != 2 {
		t.Errorf("once = %v, %v without an instance; the file has %q", well, err, r.read("web.conf"))
	}
	if !strings.Contains(out.String(), "no instance any more") {
		t.Errorf("the output says not why the file stays: %s", &out)
	}
}

// The template of many sites, judged by the HAProxy that would read it.
func TestHAProxy_takes_the_classic_template(t *testing.T) {
	r := setUp(t)
	r.t.Check = "haproxy -c -f %s"
	r.t.Content = `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend www
    bind 127.0.0.1:8080
    default_backend {{key "backend/current"}}
{{range $tag, $services := service "web-80" | byTag}}
backend {{$tag}}
{{range $services}}    server {{.ID}} {{.Address}}:{{.Port}} check
{{end}}{{end}}`
	r.put("/skydns/com/example/s/web/node-1", []byte(`{"host":"10.0.0.1","port":80,"tags":["blue"]}`))
	r.put("/skydns/com/example/s/web/node-2", []byte(`{"host":"10.0.0.2","port":80,"meta":{"SERVICE_TAGS":"green"}}`))
	r.put("/backend/current", []byte("blue"))
	stop := r.start()
	r.has(14)
	r.put("/backend/current", []byte("purple"))
	r.kept("unable to find required default_backend: 'purple'")
	stop()
	if !strings.Contains(r.read("web.conf"), "default_backend blue\n") {
		t.Errorf("the file is %s, want the last good one", r.read("web.conf"))
	}
}
