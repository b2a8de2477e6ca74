package renderer

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/supervisor"
)

// example is a template of playbooks/examples, with the files that come of it
// while there are two instances, and none.
type example struct {
	file, check string
	tools       []string // that check needs
	two, none   string   // "": the last good file stays
}

var examples = []example{
	{"haproxy.cfg.tmpl", "haproxy -c -f %s", []string{"haproxy"}, `# Made by rundock from haproxy.cfg.tmpl. The backend named in the key backend/current gets the traffic.
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s

frontend www
    bind *:8080
    default_backend blue

backend blue
    server node-1:apache:80 10.0.0.1:80 check

backend green
    server node-2:apache:80 10.0.0.2:80 check

`, ""},
	{"nginx-upstreams.conf.tmpl", "", nil, `# Made by rundock from nginx-upstreams.conf.tmpl. An upstream may not be empty: without an instance, connections are refused.
upstream apache {
    least_conn;
    server 10.0.0.1:80 max_fails=1 fail_timeout=1s; # node-1
    server 10.0.0.2:80 max_fails=1 fail_timeout=1s; # node-2
}

server {
    listen 8081;
    location / {
        proxy_pass http://apache;
        proxy_next_upstream error timeout non_idempotent;
    }
}
`, `# Made by rundock from nginx-upstreams.conf.tmpl. An upstream may not be empty: without an instance, connections are refused.
upstream apache {
    least_conn;
    server 127.0.0.1:9;
}

server {
    listen 8081;
    location / {
        proxy_pass http://apache;
        proxy_next_upstream error timeout non_idempotent;
    }
}
`},
	{"targets.json.tmpl", `cp %s targets.json && printf 'scrape_configs:\n- job_name: a\n  file_sd_configs: [{files: [targets.json]}]\n' >prometheus.yml && promtool check config prometheus.yml`, []string{"promtool"}, `[
  {"targets": ["10.0.0.1:80"], "labels": {"job": "apache", "host": "node-1", "colour": "blue"}},
  {"targets": ["10.0.0.2:80"], "labels": {"job": "apache", "host": "node-2"}}
]
`, "[\n]\n"},
	{"app.env.tmpl", `. %s && test "$GREETING" = "it's"`, nil, `# Made by rundock from app.env.tmpl: the keys of the folder app/config, and where apache is.
GREETING='it'\''s'
LOG_LEVEL='warn'
APACHE='10.0.0.1:80 10.0.0.2:80'
`, `# Made by rundock from app.env.tmpl: the keys of the folder app/config, and where apache is.
GREETING='it'\''s'
LOG_LEVEL='warn'
APACHE=''
`},
}

// From etcd and from Consul the examples give the same files, which their
// readers take.
func TestExamples(t *testing.T) {
	for name, open := range map[string]func(*testing.T) registry.Store{"etcd": openEtcd, "consul": openConsul} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			set(t, store, "/skydns/com/example/s/apache/node-1", `{"host":"10.0.0.1","port":80,"tags":["blue"],"colour":"blue"}`)
			set(t, store, "/skydns/com/example/s/apache/node-2", `{"host":"10.0.0.2","port":80,"meta":{"SERVICE_TAGS":"green"}}`)
			set(t, store, "/backend/current", "blue")
			set(t, store, "/app/config/log-level", "warn")
			set(t, store, "/app/config/greeting", "it's")
			for _, e := range examples {
				t.Run(e.file, func(t *testing.T) { e.rendered(t, store, e.two) })
			}
			for _, key := range []string{"node-1", "node-2"} {
				set(t, store, "/skydns/com/example/s/apache/"+key, "")
			}
			for _, e := range examples {
				t.Run(e.file+" without an instance", func(t *testing.T) { e.rendered(t, store, e.none) })
			}
		})
	}
}

// rendered has the example rendered once, and wants this in its file.
func (e example) rendered(t *testing.T, store registry.Store, want string) {
	for _, tool := range e.tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	src, err := filepath.Abs("../../playbooks/examples/" + e.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	h := newHost(".", hostconfig.Config{Label: "s", Domain: "example.com"}, slog.New(slog.DiscardHandler))
	if err := h.load(context.Background(), store, oncePatience); err != nil {
		t.Fatal(err)
	}
	dest, err := filepath.Abs("file")
	if err != nil {
		t.Fatal(err)
	}
	j, err := h.job(supervisor.Template{Name: "example", Src: src, Dest: dest, Check: e.check})
	if err != nil {
		t.Fatal(err)
	}
	j.attempt(t.Context())
	got, err := os.ReadFile(dest)
	if string(got) != want || err != nil && want != "" {
		t.Errorf("the file has\n%s want\n%s status: %s", got, want, j.status.Reason)
	}
}

func openEtcd(t *testing.T) registry.Store {
	store, err := etcd.Open(etcd.Config{Endpoints: []string{etcdtest.Start(t, "embedded", nil).URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func openConsul(t *testing.T) registry.Store {
	store, err := consul.Open(consul.Config{Address: consultest.Start(t, nil).URL}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// set gives a key a value, or with "" takes it away.
func set(t *testing.T, store registry.Store, key, value string) {
	t.Helper()
	await.Nil(t, "write "+key, func() error {
		have, err := store.Read(context.Background(), []string{key})
		if err != nil {
			return err
		}
		s := registry.Swap{Key: key, Old: have[0].Value}
		if value != "" {
			s.New = []byte(value)
		}
		ok, err := store.Swap(context.Background(), s)
		if err == nil && !ok {
			err = fmt.Errorf("it was changed meanwhile")
		}
		return err
	})
}
