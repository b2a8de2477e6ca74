package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/lab"
)

// core is an ansible-core under which something is tried.
type core struct {
	version string
	command command
}

// cores are the machine's own, and those of later Debian releases.
func (s *setup) cores(t *testing.T) []core {
	t.Helper()
	version, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", "ansible-core").Output()
	if err != nil {
		t.Fatalf("ask for the version of ansible-core: %v", err)
	}
	all := []core{{string(version), own}}
	for _, release := range []string{"trixie", "forky"} {
		all = append(all, s.core(t, release))
	}
	return all
}

// core is the ansible-core of a Debian release.
func (s *setup) core(t *testing.T, release string) core {
	t.Helper()
	a, err := s.Ansible(release)
	if err != nil {
		t.Fatal(err)
	}
	version, err := a.Version()
	if err != nil {
		t.Fatal(err)
	}
	return core{version, func(dir, name string, args ...string) *exec.Cmd {
		return a.Command(context.Background(), dir, name, args...)
	}}
}

// pluginCheckout is a checkout like ours that has the module probe instead,
// for the machine's architecture alone.
func (s *setup) pluginCheckout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	plugin := filepath.Join(s.checkout, "playbooks/plugins/action")
	for _, script := range []string{
		"mkdir -p playbooks/plugins bin && cp -a " + plugin + " playbooks/plugins && cp " + s.checkout + "/ansible.cfg . && cp -r " + s.checkout + "/internal/e2e/testdata/plugin/*.yml .",
		"ln -s rundock.py playbooks/plugins/action/probe.py",
		// A page of documentation, which must never run.
		"mkdir -p playbooks/plugins/modules && echo 'raise SystemExit(\"a stub was run\")' >playbooks/plugins/modules/probe.py",
		"cd " + s.checkout + "/internal/e2e/testdata/plugin/probe && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o " + dir + "/bin/linux_amd64/probe .",
	} {
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
	return dir
}

// users makes those of checks.yml, who log in with the lab's key.
const users = `
for u in op pw term; do
	id $u >/dev/null 2>&1 || useradd -m -s /bin/sh $u
	mkdir -p /home/$u/.ssh && cp /root/.ssh/authorized_keys /home/$u/.ssh/ && chown -R $u /home/$u
	echo $u:$u | chpasswd
done
echo root:root | chpasswd
cat >/etc/sudoers.d/plugin <<END
op ALL=(ALL) NOPASSWD: ALL
pw ALL=(ALL) ALL
Defaults:term requiretty
term ALL=(ALL) NOPASSWD: ALL
END
`

func TestPlugin_serves_every_module(t *testing.T) {
	checkout, err := lab.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Glob(filepath.Join(checkout, "modules/*/main.go"))
	if err != nil || len(modules) == 0 {
		t.Fatalf("modules: %v, %v", modules, err)
	}
	plugins := filepath.Join(checkout, "playbooks/plugins/action")
	for _, main := range modules {
		plugin := filepath.Join(plugins, filepath.Base(filepath.Dir(main))+".py")
		if filepath.Base(plugin) == "rundock_stack.py" { // which loads it, and does runs besides
			continue
		}
		if got, err := filepath.EvalSymlinks(plugin); got != filepath.Join(plugins, "rundock.py") {
			t.Errorf("%s is not the plugin, or a link to it (ln -s rundock.py %s): %v", plugin, plugin, err)
		}
	}
}

func TestPlugin(t *testing.T) {
	s := need(t)
	checkout := s.pluginCheckout(t)
	s.sh(t, back1, users)
	t.Cleanup(func() {
		s.sh(t, back1, "rm -rf /etc/sudoers.d/plugin /root/.bashrc; for u in op pw term; do pkill -KILL -u $u; userdel -r $u; done; usermod -p '*' root")
	})
	for _, core := range s.cores(t) {
		t.Run("ansible-core "+core.version, func(t *testing.T) {
			run := func(name string, args ...string) string {
				cmd := core.command(checkout, name, append([]string{"-i", s.inventory}, args...)...)
				cmd.Env = append(cmd.Environ(), "ANSIBLE_NOCOLOR=1")
				out, _ := cmd.CombinedOutput()
				return string(out)
			}
			t.Run("keeps its promises", func(t *testing.T) {
				out := run("ansible-playbook", "-vvv", "checks.yml", "-e", "local_cache="+filepath.Join(t.TempDir(), "cache"))
				_, recap, _ := strings.Cut(out, "PLAY RECAP")
				if !strings.Contains(recap, "node-back-1 ") || !strings.Contains(recap, "localhost ") || strings.Count(recap, "failed=0 ") != 2 || strings.Count(recap, "unreachable=0 ") != 2 {
					t.Fatalf("%s", out)
				}
				for _, word := range []string{"[WARNING]", "[DEPRECATION WARNING]", "hush-hush"} {
					for line := range strings.Lines(out) {
						if strings.Contains(line, word) {
							t.Errorf("the output has %q:\n%s", word, line)
						}
					}
				}
			})
			for _, c := range []struct{ name, flags, want string }{
				{"ad hoc", "-a text=hello", `"text": "hello"`},
				{"ad hoc in check mode", "-C -D", `"check": true`},
				{"a connection that is lost", "-a do=hang_up", "UNREACHABLE!"},
			} {
				t.Run(c.name, func(t *testing.T) {
					if out := run("ansible", append([]string{back1, "-m", "probe"}, strings.Fields(c.flags)...)...); !strings.Contains(out, c.want) {
						t.Errorf("want %s:\n%s", c.want, out)
					}
				})
			}
		})
	}
}
