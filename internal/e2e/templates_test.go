package e2e

import (
	"encoding/json"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestTemplates has the examples of docs/templates.md rendered on a host with
// HAProxy and nginx, which serve by them what two hosts announce.
func TestTemplates(t *testing.T) {
	s := need(t)
	s.sh(t, front, "apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends haproxy nginx-light >/dev/null")
	t.Cleanup(func() {
		s.sh(t, front, "service haproxy stop; service nginx stop; DEBIAN_FRONTEND=noninteractive apt-get purge -y -q haproxy nginx-light >/dev/null; rm -rf /etc/haproxy /etc/nginx /etc/prometheus /etc/app.env")
	})
	s.sh(t, front, "rm -f /etc/nginx/sites-enabled/default")
	s.sh(t, front, etcdctl+"put /backend/current blue && "+etcdctl+"put /app/config/log-level warn")
	t.Cleanup(func() { s.sh(t, front, etcdctl+"del /backend/current && "+etcdctl+"del /app/config/log-level") })
	s.remove(t, back1, "apache")
	s.remove(t, back2, "apache")
	for host, colour := range map[string]string{back1: "blue", back2: "green"} {
		s.install(t, host, `{"state":"enabled","name":"apache","image":"`+images+`grafana:latest","wait":"announced","announces":[{"port":80,"tags":["`+colour+`"]}]}`)
	}

	play := func(flags ...string) string {
		t.Helper()
		out, err := s.playbook(append([]string{"playbooks/examples/templates.yml", "--limit", front}, flags...)...)
		if err != nil {
			t.Fatalf("templates.yml %q: %v\n%s", flags, err, out)
		}
		return out
	}
	t.Cleanup(func() {
		for _, name := range []string{"haproxy", "nginx", "targets", "app"} {
			if r := s.call(t, front, "rundock_template", "state=absent name="+name); r.Failed {
				t.Errorf("template %s stays: %s", name, r.Msg)
			}
		}
		if left := s.sh(t, front, "ls /etc/rundock/templates; ls -d /etc/s*/rundock-render || true"); left != "" {
			t.Errorf("templates leave %s", left)
		}
	})
	planned := play("--check", "--diff")
	for _, want := range []string{"+    server node-back-1:apache:80 " + s.Addr(back1).String() + ":80 check", "+    server " + s.Addr(back2).String() + ":80 max_fails=1", `+  {"targets": ["` + s.Addr(back1).String() + ":80\"]", "(new secret content)"} {
		if !strings.Contains(planned, want) {
			t.Errorf("check mode does not show %s in\n%s", want, planned)
		}
	}
	if got := s.sh(t, front, "ls /etc/app.env /etc/rundock/templates 2>/dev/null || true"); got != "" {
		t.Errorf("check mode wrote %s", got)
	}
	play()
	if again := play(); !strings.Contains(again, "changed=0") {
		t.Errorf("a second run changes something:\n%s", again)
	}

	served := func(port, want string) {
		t.Helper()
		await.Empty(t, "port "+port+" is served by "+want, func() string {
			if got, err := s.try(front, "curl -sf http://127.0.0.1:"+port+"/"); err != nil || !strings.Contains(got, want) {
				return got + " " + errorText(err)
			}
			return ""
		})
	}
	container := func(host string) string { return s.sh(t, host, "docker inspect -f '{{.Config.Hostname}}' apache") }
	blue, green := container(back1), container(back2)
	served("8080", blue)
	s.sh(t, front, etcdctl+"put /backend/current green")
	served("8080", green)
	served("8081", "") // by either
	if got := s.sh(t, front, ". /etc/app.env; echo $LOG_LEVEL; stat -c %a /etc/app.env"); got != "warn\n600" {
		t.Errorf("app.env has %q", got)
	}

	// The active backend's only instance goes: HAProxy's file stays, as it would name a backend that is none; nginx has the other one.
	if r := s.rundock(t, back2, "state=disabled name=apache"); r.Failed {
		t.Fatal(r.Msg)
	}
	await.True(t, "nginx has one upstream", func() bool {
		got := s.sh(t, front, "grep max_fails /etc/nginx/conf.d/apache.conf")
		return strings.Count(got, "\n") == 0 && strings.Contains(got, "# node-back-1")
	})
	served("8081", blue)
	var targets []struct {
		Labels map[string]string
	}
	await.Empty(t, "the other instance is the only target", func() string {
		text := s.sh(t, front, "cat /etc/prometheus/targets/apache.json")
		if err := json.Unmarshal([]byte(text), &targets); err != nil || len(targets) != 1 || targets[0].Labels["host"] != "node-back-1" {
			return heard(text)
		}
		return ""
	})
	await.True(t, "explain says why HAProxy's file stays", func() bool {
		told, err := s.try(front, "rundockd explain haproxy; test $? = 3")
		return err == nil && strings.Contains(told, "unable to find required default_backend: 'green'")
	})
	if got := s.sh(t, front, "grep -c node-back-2 /etc/haproxy/haproxy.cfg"); got != "1" {
		t.Errorf("the last good file has %s servers of node-back-2, want 1", got)
	}

	s.upgradedRenderer(t)
	s.withoutPython(t)
}

// upgradedRenderer hands over to a successor, which changes no file.
func (s *setup) upgradedRenderer(t *testing.T) {
	pid := func() string {
		return s.sh(t, front, "sv status rundock-render | sed 's/^run: rundock-render: (pid \\([0-9]*\\)).*/\\1/; t; d'")
	}
	before, file := pid(), s.sh(t, front, "stat -c '%i %y' /etc/app.env")
	if out := s.sh(t, front, "rundockd handover"); !strings.Contains(out, "/etc/sv/rundock-render") {
		t.Errorf("handover told %s, want the renderer among them", out)
	}
	await.True(t, "another renderer says how the files stand", func() bool {
		now := pid()
		return now != "" && now != before && strings.Contains(s.sh(t, front, "cat /run/rundock/templates/app.json"), `"pid":`+now+",")
	})
	await.True(t, "it finds the file as it should be", func() bool {
		return strings.Contains(s.sh(t, front, "rundockd explain app || true"), "Nothing is wrong.")
	})
	if after := s.sh(t, front, "stat -c '%i %y' /etc/app.env"); after != file {
		t.Errorf("the file was %s, and is %s after a hand-over", file, after)
	}
}

// withoutPython calls the module on a host as a binary, with nothing of Ansible there.
func (s *setup) withoutPython(t *testing.T) {
	const path = "/run/rundock_template"
	if err := s.put(back1, filepath.Join(s.checkout, "bin/linux_"+runtime.GOARCH, "rundock_template"), path); err != nil {
		t.Fatal(err)
	}
	defer s.sh(t, back1, "rm "+path)
	call := `env -i ` + path + ` <<'E'
{"name":"hosts","dest":"/run/hosts","content":"{{range nodes}}{{.Node}} {{.Address}}\n{{end}}"}
E
cat /run/hosts; echo '{"name":"hosts","state":"absent"}' | ` + path + `; rm /run/hosts; ls -d /etc/sv/rundock-render || true`
	if got := s.sh(t, back1, call); !strings.Contains(got, "node-back-1 "+s.Addr(back1).String()+"\n") || strings.Contains(got, `"failed"`) || strings.Contains(got, "\n/etc/sv/") {
		t.Errorf("the module alone gives %s", got)
	}
}
