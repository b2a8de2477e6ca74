package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/moduletest"
)

// A checkout of its own, with the module and the plugin, from which Ansible
// calls the module on this host.
type checkout struct {
	*machine
	dir string
}

func newCheckout(m *machine) checkout {
	m.Helper()
	if _, err := exec.LookPath("ansible"); err != nil {
		m.Skip("ansible is not installed")
	}
	c := checkout{m, m.TempDir()}
	plugin, err := os.ReadFile("../../playbooks/plugins/action/rundock.py")
	if err != nil {
		m.Fatal(err)
	}
	m.write(filepath.Join(c.dir, "playbooks/plugins/action/rundock_host.py"), string(plugin), 0o644)
	m.write(filepath.Join(c.dir, "playbooks/plugins/modules/rundock_host.py"), "raise SystemExit('a stub was run')\n", 0o644)
	m.sh("mkdir -p " + c.dir + "/bin/linux_amd64 " + c.dir + "/bin/linux_arm64 && cp " + moduletest.Program("rundock_host") + " " + c.dir + "/bin/linux_amd64/ && cp " + moduletest.Program("rundock_host") + " " + c.dir + "/bin/linux_arm64/")
	return c
}

// install has Ansible install a program, and returns what it says.
func (c checkout) install(src string, flags ...string) string {
	c.Helper()
	args, err := json.Marshal(map[string]any{"programs": []any{map[string]any{"name": "sleep", "src": src, "test": "--version"}}})
	if err != nil {
		c.Fatal(err)
	}
	cmd := exec.Command("ansible", append([]string{"localhost", "-c", "local", "-vv", "-m", "rundock_host", "-a", string(args)}, flags...)...)
	cmd.Env = append(os.Environ(), "HOME="+c.dir, "XDG_CACHE_HOME="+c.dir+"/cache", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=false",
		"ANSIBLE_ACTION_PLUGINS="+c.dir+"/playbooks/plugins/action", "ANSIBLE_LIBRARY="+c.dir+"/playbooks/plugins/modules")
	out, _ := cmd.CombinedOutput() // fails with the module
	return string(out)
}

func TestPlugin_sends_a_program_only_where_it_is_lacking(t *testing.T) {
	m := onMachine(t)
	c := newCheckout(m)
	src := filepath.Join(c.dir, "sleep")
	m.write(src, string(m.sleep("one")), 0o755)
	does := func(what string, sends, changes bool, out string) {
		t.Helper()
		if strings.Contains(out, "sending "+src) != sends || strings.Contains(out, `"changed": true`) != changes || strings.Contains(out, "FAILED") {
			t.Errorf("%s: want sent %v, changed %v:\n%s", what, sends, changes, out)
		}
	}
	does("check mode", false, true, c.install(src, "-C"))
	does("the first time", true, true, c.install(src))
	if got, want := m.sh("sha256sum </usr/local/bin/sleep"), m.sh("sha256sum <"+src); got != want {
		t.Errorf("installed is %s, want %s", got, want)
	}
	does("again", false, false, c.install(src))
	packed := m.sh("stat -c '%n %i' " + c.dir + "/cache/rundock/programs/*.gz")
	m.sh("rm /usr/local/bin/sleep")
	does("when it is lost", true, true, c.install(src))
	if now := m.sh("stat -c '%n %i' " + c.dir + "/cache/rundock/programs/*.gz"); now != packed {
		t.Errorf("it was compressed anew: %s, then %s", packed, now)
	}
	m.write(src, string(m.sleep("two")), 0o755)
	does("another program", true, true, c.install(src))
	m.sh("rm /usr/local/bin/sleep")
	keep := []string{"-e", "rundock_cache=" + c.dir + "/there"}
	does("with a folder of its own on the host", true, true, c.install(src, keep...))
	if left := m.sh("ls " + c.dir + "/there | grep -c program || true"); left != "0" {
		t.Errorf("what was sent is still on the host: %s files", left)
	}
	if out := c.install(src + ".gone"); !strings.Contains(out, src+".gone is not on this machine") {
		t.Errorf("a file that is not there: %s", out)
	}
}
