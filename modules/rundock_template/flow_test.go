package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
)

// args are parameters by name.
type args = map[string]any

// with returns a with further ones, of which nil takes one away.
func with(a args, further args) args {
	all := maps.Clone(a)
	maps.Copy(all, further)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

var web = args{
	"name": "web", "dest": "/etc/web/web.conf", "content": "# {{key \"colour\"}}\n{{range service \"web\"}}{{.Address}}:{{.Port}}\n{{end}}",
	"check": "! grep bad %s", "reload": "echo reloaded >>/etc/web-reloads",
}

// A template from nothing to nothing.
func TestTemplate(t *testing.T) {
	m := onHost(t)
	m.web(2)
	m.Put("/colour", "blue")
	planned, a := m.Apply(web, "definition written", "renderer installed", "renderer enabled", "file replaced")
	files := []string{
		"/etc/rundock/templates/web.json", "/etc/sv/rundock-render/log/config", "/etc/sv/rundock-render/log/run", "/etc/sv/rundock-render/run",
		"/etc/web/web.conf", "/etc/service/rundock-render",
	}
	if !slices.Equal(a.Files(), files) || planned.Diff[4].After != "# blue\n10.0.0.1:80\n10.0.0.2:80\n" || planned.Diff[4] != a.Diff[4] {
		t.Errorf("diff = %+v, want one of %q, with the file", a.Diff, files)
	}
	if got := m.Text("/etc/web/web.conf"); got != planned.Diff[4].After || m.Text("/etc/web-reloads") != "reloaded\n" {
		t.Errorf("the file has %q and was reloaded %q, want it once as check mode said", got, m.Text("/etc/web-reloads"))
	}
	want := map[string]any{"name": "web", "state": "current", "dest": "/etc/web/web.conf", "services": map[string]any{"web": 2.0}, "keys": map[string]any{"colour": 1.0}}
	if got := a.Values["template"].(map[string]any); len(got) != len(want) || got["state"] != "current" {
		t.Errorf("template = %v, want %v", got, want)
	}

	if told := m.Sh("rundockd", "explain", "web"); !strings.Contains(told, "/etc/web/web.conf is made from the content") || !strings.HasSuffix(told, "\nNothing is wrong.\n") {
		t.Errorf("explain says:\n%s", told)
	}

	// It follows the store without a call.
	m.Put("/colour", "green")
	await.True(t, "the file follows", func() bool { return strings.HasPrefix(m.Text("/etc/web/web.conf"), "# green\n") })

	// Another template in the same definition: the renderer reads it.
	changed := with(web, args{"content": "{{range service \"web\"}}{{.Address}}\n{{end}}", "mode": "0640", "floor": args{"web": 2}, "wait": "50ms:1s"})
	_, a = m.Apply(changed, "definition updated", "renderer handed over", "file replaced")
	if !slices.Equal(a.Files(), []string{"/etc/rundock/templates/web.json", "/etc/rundock/templates/web.json (mode)", "/etc/web/web.conf", "/etc/web/web.conf (mode)"}) {
		t.Errorf("diff is of %q", a.Files())
	}

	// A second one has the same renderer.
	second := args{"name": "hosts", "dest": "/etc/web/hosts", "content": "{{range nodes}}{{.Node}}\n{{end}}"}
	m.Apply(second, "definition written", "renderer handed over", "file replaced")
	if got := m.Text("/etc/web/hosts"); got != "node-1\nnode-2\n" {
		t.Errorf("the second file has %q", got)
	}

	_, a = m.Apply(args{"name": "web", "state": "absent"}, "removed")
	if m.Text("/etc/web/web.conf") != "10.0.0.1\n10.0.0.2\n" {
		t.Errorf("the file went with its template")
	}
	if s, err := control.ReadTemplate(control.Dir, "web"); err != nil || s.PID != 0 {
		t.Errorf("a status of it is left: %+v, %v", s, err)
	}
	_, a = m.Apply(args{"name": "hosts", "state": "absent"}, "removed", "renderer removed")
	if _, err := os.Stat("/etc/sv/rundock-render"); !os.IsNotExist(err) || !slices.Contains(a.Files(), "/etc/service/rundock-render") {
		t.Errorf("the renderer is left: %v, diff %q", err, a.Files())
	}
}

// What others did to the file is put right, and a change of the template's file followed.
func TestTemplate_is_put_right(t *testing.T) {
	m := onHost(t)
	m.web(1)
	m.Write("/etc/web/web.tmpl", "{{range service \"web\"}}{{.Address}}\n{{end}}")
	given := with(web, args{"content": nil, "src": "/etc/web/web.tmpl"})
	m.Apply(given, "definition written", "renderer installed", "renderer enabled", "file replaced")
	for what, do := range map[string]func(){
		"the file was written": func() { m.Write("/etc/web/web.conf", "x") },
		"the file is gone":     func() { m.Sh("rm", "/etc/web/web.conf") },
		"its mode":             func() { m.Sh("chmod", "0600", "/etc/web/web.conf") },
		"its owner":            func() { m.Sh("chown", "daemon", "/etc/web/web.conf") },
	} {
		do()
		if _, a := m.Apply(given, "renderer handed over", "file replaced"); m.Text("/etc/web/web.conf") != "10.0.0.1\n" {
			t.Errorf("%s: it has %q after %s", what, m.Text("/etc/web/web.conf"), a.Raw)
		}
	}
	m.Write("/etc/web/web.tmpl", "{{range service \"web\"}}{{.Port}}\n{{end}}")
	await.True(t, "the file is of the new template, without a call", func() bool {
		s, err := control.ReadTemplate(control.Dir, "web")
		return err == nil && s.Source == control.FileSum("/etc/web/web.tmpl") && m.Text("/etc/web/web.conf") == "80\n"
	})
	if a := m.Call(given); a.Failed || a.Changed {
		t.Errorf("a call after that: %s", a.Raw)
	}
	m.Sh("sv", "-w", "60", "stop", "/etc/service/rundock-render")
	m.Apply(given, "renderer started")
	m.Sh("rm", "-r", "/var/log/rundock-render")
	m.Apply(given, "renderer's logger restarted")
	m.Write("/etc/sv/rundock-render/down", "")
	if a := m.Call(given); a.Failed || a.Changed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "the file /etc/sv/rundock-render/down is there") {
		t.Errorf("beside a file named down: %s", a.Raw)
	}
}

// What cannot work is refused by name before anything is written.
func TestRefuses(t *testing.T) {
	m := onHost(t)
	m.web(1)
	m.Put("/colour", "blue")
	m.Apply(web, "definition written", "renderer installed", "renderer enabled", "file replaced")
	for _, c := range []struct {
		change args
		want   string
	}{
		{args{"content": "a\n{{range}}"}, "template web, line 2: missing value for range"},
		{args{"content": "{{env \"HOME\"}}"}, "template web, line 1: function env is not offered"},
		{args{"content": "\n\n{{key \"backend/next\"}}"}, "template web, line 3: key backend/next: not in the store"},
		{args{"content": nil, "src": "/etc/web/none.tmpl"}, "/etc/web/none.tmpl: no such file or directory"},
		{args{"content": "bad\n"}, "the check fails: ! grep bad '/etc/web/web.conf': exit status 1: bad"},
		{args{"floor": args{"web": 5}}, "service web has 1 instances, and its floor is 5"},
		{args{"floor": args{"web": "many"}}, "floor"},
		{args{"floor": args{"web": -1}}, "floor of web: -1"},
		{args{"signal": args{"service": "haproxy"}}, "signal.service: there is no service haproxy: /etc/sv/haproxy is not there"},
		{args{"signal": args{"service": "haproxy", "signal": "KILL"}}, "value of signal must be one of"},
		{args{"owner": "nobodyhere"}, "owner nobodyhere: user: unknown user nobodyhere"},
		{args{"mode": "rw-r--r--"}, `mode "rw-r--r--": want three octal digits`},
		{args{"check": "true"}, "want %s in it"},
		{args{"wait": "rendered"}, "how long the call waits is said by wait_for"},
		{args{"wait": "2s:1s"}, "want MIN:MAX such as 250ms:2s"},
		{args{"dest": "web.conf"}, "want the absolute path of a file"},
		{args{"dest": "/etc/web"}, "/etc/web is a directory"},
		{args{"src": "/etc/web/web.tmpl"}, "mutually exclusive"},
		{args{"content": nil}, "src, content"},
		{args{"name": "web2"}, "dest /etc/web/web.conf is that of template web as well"},
		{args{"name": "../web"}, `name "../web": want letters`},
		{args{"validate": "true %s"}, "validate (say check)"},
		{args{"chek": "true %s"}, "chek (did you mean check?)"},
		{args{"wait_timeout": 0}, "value of wait_timeout must be between 1"},
	} {
		m.Refuses(with(web, c.change), c.want)
	}
	if got := m.Text("/etc/web/web.conf"); got != "# blue\n10.0.0.1:80\n" || m.Text("/etc/web-reloads") != "reloaded\n" {
		t.Errorf("the file has %q and was reloaded %q, want it as before", got, m.Text("/etc/web-reloads"))
	}
	// A floor of something else is no error, as a template may ask for it only sometimes.
	if a := m.Call(with(web, args{"floor": args{"wbe": 0}}), "check_mode"); len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "the template asks for no service wbe") {
		t.Errorf("a floor of an unknown service: %s", a.Raw)
	}
	// A reload that fails is known only when the file was replaced.
	if a := m.Call(with(web, args{"content": "new\n", "reload": "echo no such daemon; exit 3"})); !a.Failed || !strings.Contains(a.Msg, "the reload fails: ") || !strings.Contains(a.Msg, "no such daemon") {
		t.Errorf("a reload that fails: %s", a.Raw)
	}
}

// Without its store a file stays as it is, and who waits for nothing is served.
func TestStore_is_away(t *testing.T) {
	m := onHost(t)
	m.web(1)
	m.Put("/colour", "blue")
	m.Apply(web, "definition written", "renderer installed", "renderer enabled", "file replaced")
	m.Etcd.Kill()
	await.True(t, "the status says so", func() bool {
		s, err := control.ReadTemplate(control.Dir, "web")
		return err == nil && s.Store != ""
	})
	if a := m.Call(web); a.Failed || a.Changed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "the store cannot be reached") {
		t.Errorf("the same without a store: %s", a.Raw)
	}
	changed := with(web, args{"content": "{{key \"colour\"}}\n", "wait_timeout": 1})
	m.Refuses(changed, m.Etcd.URL[len("http://"):])
	if a := m.Call(with(changed, args{"wait_for": "none"})); a.Failed || !slices.Equal(a.Actions, []string{"definition updated", "renderer handed over"}) {
		t.Errorf("another template without a store, and without waiting: %s", a.Raw)
	}
	if got := m.Text("/etc/web/web.conf"); got != "# blue\n10.0.0.1:80\n" {
		t.Errorf("the file has %q, want it as before", got)
	}
	m.Etcd.Restart()
	await.True(t, "the file comes with the store", func() bool { return m.Text("/etc/web/web.conf") == "blue\n" })
}

// An administrator's hidden link keeps the renderer disabled.
func TestMasked_renderer_stays_disabled(t *testing.T) {
	m := onHost(t)
	must(t, os.Symlink("/etc/sv/rundock-render", "/etc/service/.rundock-render"))
	m.Put("/colour", "blue")
	if a := m.Call(web); a.Failed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "/etc/service/.rundock-render is there; remove it") || m.Text("/etc/web/web.conf") != "" {
		t.Errorf("%s", a.Raw)
	}
}

func TestSecret_is_in_no_diff(t *testing.T) {
	m := onHost(t)
	m.Put("/password", "hunter2")
	_, a := m.Apply(args{"name": "env", "dest": "/etc/web/env", "mode": "0600", "content": "PASSWORD={{key \"password\"}} not-for-all\n"},
		"definition written", "renderer installed", "renderer enabled", "file replaced")
	if strings.Contains(a.Raw, "hunter2") || strings.Contains(a.Raw, "not-for-all") {
		t.Errorf("the result shows a secret: %s", a.Raw)
	}
	if info, err := os.Stat("/etc/rundock/templates/env.json"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the definition: %v, %v, want mode 0600", info, err)
	}
}
