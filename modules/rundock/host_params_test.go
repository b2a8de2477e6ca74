package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/moduletest"
	"rundock/modules/rundock/look"
)

func TestSecrets(t *testing.T) {
	m := onHost(t)
	const call = "state=enabled name=vault image=app:1 env_secret="
	seen := func(a answer) {
		t.Helper()
		if strings.Contains(a.raw, "hunter") {
			t.Errorf("the answer shows a secret: %s", a.raw)
		}
	}
	a := m.apply(call + `'{"PASSWORD":"hunter2","TOKEN":"hunter\n3"}'`)
	seen(a)
	m.wantDiff(a, "vault", "run", "finish", "check", "service.json", "log/run", "log/config", "env/PASSWORD", "env/TOKEN", "/etc/service/docker-vault")
	m.wantEvents("vault", "container 1 started")

	etc := moduletest.Written("/etc")
	for _, written := range []string{etc, moduletest.Written("/var"), "/run", "/var/log"} {
		must(t, filepath.WalkDir(written, func(path string, d fs.DirEntry, err error) error {
			if err != nil && path != written {
				return nil // supervisors replace their files all the time
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, _ := os.ReadFile(path)
			info, _ := d.Info()
			if strings.Contains(string(data), "hunter2") && (filepath.Dir(path) != etc+"/sv/docker-vault/env" || info.Mode().Perm() != 0o600) {
				t.Errorf("%s (%s) holds a secret", path, info.Mode())
			}
			return nil
		}))
	}
	if a := m.apply(call + "PASSWORD=hunter2,TOKEN=hunter4"); !a.Changed {
		t.Error("a secret in the form of an ad-hoc call is no change")
	} else {
		seen(a)
		m.wantActions(a, "files updated", "container replaced")
		m.wantDiff(a, "vault", "service.json", "env/TOKEN")
		for _, d := range a.Diff {
			if strings.HasSuffix(d.AfterHeader, "/service.json") && (!strings.Contains(d.After, `"TOKEN": "(new value)"`) || !strings.Contains(d.After, `"PASSWORD": "(value)"`)) {
				t.Errorf("the diff does not name the variable that changed: %s", d.After)
			}
		}
	}
	m.wantEvents("vault", "container 1 stopped", "container 2 started")

	a = m.apply(call + `'{"PASSWORD":"hunter2"}'`)
	m.wantActions(a, "files updated", "container replaced")
	m.wantDiff(a, "vault", "run", "service.json", "env/TOKEN")
	seen(a)
	if look.Exists("/etc/sv/docker-vault/env/TOKEN") {
		t.Error("the file of a secret that is no longer wanted is still there")
	}
	for _, c := range []struct{ args, want string }{
		{call + `'{"a b":"hunter2"}'`, "names of environment variables"},
		{call + `'{"../A":"hunter2"}'`, `got: "../A"`},
		{call + `'{"A":["hunter2"]}'`, "argument 'A' is of type <class 'list'> found in 'env_secret'."},
		{call + `'{"A":true}'`, "argument 'A' is of type <class 'bool'> found in 'env_secret'. and we were unable to convert to str: a text is meant: put it in quotes"},
		{call + `'{"A":"hunter2"}' args='-e A=1'`, "env_secret: A is set as a plain variable as well"},
		{"name=vault announce=80 env_secret=" + `'{"A":"hunter2"}'`, "missing parameter(s) required by 'env_secret': image"},
	} {
		m.refuses(c.args, c.want)
	}
	must(t, os.WriteFile("/run/standin/refusal", []byte("the log says hunter2\n"), 0o644))
	defer os.Remove("/run/standin/refusal")
	a = m.call(`state=restarted name=vault image=app:1 env_secret='{"PASSWORD":"hunter2"}'`)
	if !a.Failed || !strings.Contains(a.Msg, "the log says ") {
		t.Errorf("a refused call answers %s", a.raw)
	}
	seen(a)
	m.apply("state=absent name=vault")
}

func TestLogChangesTouchTheLoggerAlone(t *testing.T) {
	m := onHost(t)
	const call = "state=enabled name=talk image=app:1 announce=80 "
	m.apply(call)
	m.events("talk")
	a := m.apply(call + `log='{"size":"100k","keep":3}'`)
	m.wantActions(a, "files updated", "runner's logger restarted", "announcer's logger restarted")
	m.wantDiff(a, "talk", "services/service/log/config", "services/announce/log/config")
	m.wantEvents("talk")
	if to, err := os.Readlink("/var/log/docker-talk/config"); err != nil || to != "/etc/sv/docker-talk/services/service/log/config" {
		t.Errorf("svlogd's config is a link to %s, %v", to, err)
	}
	a = m.apply(call + `log='{"size":"1000000","keep":10}'`)
	if b := m.apply(call); b.Changed || !a.Changed {
		t.Error("the defaults are not those of README.md")
	}
	for _, c := range []struct{ args, want string }{
		{`log='{"size":"1k"}'`, "value of log.size must be between 4096 and 1073741824 bytes, got: 1024"},
		{`log='{"size":"big"}'`, "size"},
		{`log='{"keep":0}'`, "value of log.keep must be between 1 and 1000, got: 0"},
		{`log='{"rotate":1}'`, "rotate"},
	} {
		m.refuses(call+c.args, c.want)
	}
	m.apply("state=absent name=talk")
}

func TestRequiredMountsRestartNothing(t *testing.T) {
	m := onHost(t)
	const call = "state=enabled name=mounts image=app:1 "
	m.apply(call)
	m.events("mounts")
	a := m.apply(call + "requires_mounts=/proc,/sys")
	m.wantActions(a, "files updated", "runner handed over")
	m.wantEvents("mounts", "container 1 adopted")
	for _, c := range []struct{ args, want string }{
		{"requires_mounts=data", `value of requires_mounts must be absolute paths without . and .., got: "data"`},
		{"requires_mounts=/a/../b", `got: "/a/../b"`},
	} {
		m.refuses(call+c.args, c.want)
	}
	m.refuses("name=mounts announce=80 requires_mounts=/proc", "missing parameter(s) required by 'requires_mounts': image")
	m.apply("state=absent name=mounts")
}
