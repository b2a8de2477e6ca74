package overlayctl

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/overlayhost"
)

// A host leaves a network whatever it has lost of its own: what can be taken
// away is, and what stays is named.
func TestLeave_of_a_host_that_has_lost_something(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		saved := filepath.Join(overlay.SavedDir, s.Network.Name+".json")
		status := filepath.Join(control.Dir, "overlay", s.Network.Name+".json")
		instance := filepath.Join(control.Dir, "overlay", "instance")
		docker := dockerWith(t, `[]`, `{}`)
		for _, c := range []struct {
			name, lose string
			devices    bool     // stay
			entry      bool     // of the registry stays
			says       []string // all that is said
		}{
			{"nothing", "true", false, false, nil},
			{"a saved state that is damaged", "echo { >" + saved, false, false, []string{"read what is known of network many: "}},
			{"its machine id", "echo >/etc/machine-id", false, false, []string{"/etc/machine-id is empty"}},
			{"both, over a boot", "echo { >" + saved + "; echo >/etc/machine-id; rm " + instance + " " + status, false, true,
				[]string{"read what is known", "/etc/machine-id is empty", agentsite.Own.String() + " stays taken, as the host cannot tell which", "rundockd overlay forget many " + agentsite.Own.String()}},
			{"all that says that it was in the network", "rm " + saved + " " + status + " " + instance + "; echo >/etc/machine-id", true, true,
				[]string{s.Network.Bridge() + " and " + s.Network.Vxlan() + " stay", "/etc/machine-id is empty", "the subnet of this host stays taken", "rundockd overlay forget many node-1"}},
		} {
			s.Write("/etc/machine-id", agentsite.Machine+"\n")
			s.Begin(agentsite.Peers(3))
			s.AwaitSaved(3)
			s.Stop(syscall.SIGTERM)
			s.Sh(c.lose)
			cmd := exec.Command(s.Program, "overlay", "leave", s.Network.Name)
			cmd.Env = append(os.Environ(), docker)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("without %s: leaving failed: %v\n%s", c.name, err, out)
			}
			lines := strings.Count(string(out), "\n")
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("without %s: it does not say %q:\n%s", c.name, want, out)
				}
			}
			if c.says == nil && lines > 0 {
				t.Errorf("without %s: it says\n%s", c.name, out)
			}
			if there := strings.Contains(s.Sh("ip -br link"), s.Network.Vxlan()); there != c.devices {
				t.Errorf("without %s: the devices are there: %v", c.name, there)
			}
			if key := s.Key("subnets", agentsite.Own); (s.Get(key) != "") != c.entry {
				t.Errorf("without %s: %s is there: %v", c.name, key, !c.entry)
			}
			for _, path := range []string{saved, status, overlayhost.PortsFile(s.Network.Name)} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("without %s: %s is left", c.name, path)
				}
			}
			s.Sh("ip link del " + s.Network.Vxlan() + " 2>/dev/null || ip link del " + s.Network.Bridge() + " 2>/dev/null || :; ip link del " + s.Network.Bridge() + " 2>/dev/null || :")
		}
	})
}

// A host that leaves by force while the registry is away says what stays there,
// and gives it back when it is told to leave again.
func TestLeave_without_a_registry_is_finished_later(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		const config = "/etc/rundock/host.json"
		settings := filepath.Join(overlay.SettingsDir, s.Network.Name+".json")
		leave := func(flags ...string) (string, error) {
			cmd := exec.Command(s.Program, append(append([]string{"overlay", "leave"}, flags...), s.Network.Name)...)
			cmd.Env = append(os.Environ(), dockerWith(t, `[]`, `{}`))
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		s.Begin(nil)
		s.AwaitSaved(0)
		s.Stop(syscall.SIGTERM)
		there, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(config, strings.ReplaceAll(string(there), s.Etcd.URL, "http://127.0.0.1:1"))
		if out, err := leave(); err == nil || !strings.Contains(out, "give back the subnet: ") {
			t.Errorf("leaving = %v\n%s", err, out)
		}
		if out, err := leave("--force"); err != nil || !strings.Contains(out, "the registry was not told: "+agentsite.Own.String()+" stays taken in the name of node-1") {
			t.Errorf("leaving by force = %v\n%s", err, out)
		}
		s.Sh("rm " + settings) // as the module does
		if out, err := leave(); err == nil || s.Get(s.Key("subnets", agentsite.Own)) == "" {
			t.Errorf("leaving again while the registry is away = %v\n%s", err, out)
		}
		s.Write(config, string(there))
		if out, err := leave(); err != nil || out != "" || s.Get(s.Key("subnets", agentsite.Own)) != "" || s.Get(roster.Prefix(s.Network.Name)+"config") != "" {
			t.Errorf("leaving once it is back = %v\n%s", err, out)
		}
		if out, err := leave(); err == nil || !strings.Contains(out, "no such file") {
			t.Errorf("leaving once more = %v\n%s", err, out)
		}
	})
}
