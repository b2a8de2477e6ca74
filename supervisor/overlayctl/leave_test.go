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
			entry      bool     // of the store stays
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

// Settings that were removed by hand keep no network from sight, nor from being left.
func TestLeave_of_a_network_whose_settings_are_gone(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		saved := filepath.Join(overlay.SavedDir, s.Network.Name+".json")
		docker := dockerWith(t, `[]`, `{}`)
		run := func(words ...string) (string, int) {
			cmd := exec.Command(s.Program, append([]string{"overlay"}, words...)...)
			cmd.Env = append(os.Environ(), docker)
			out, _ := cmd.CombinedOutput()
			return string(out), cmd.ProcessState.ExitCode()
		}
		s.Sh("sysctl -qw net.ipv4.ip_forward=1")
		s.Begin(agentsite.Peers(3))
		s.AwaitSaved(3)
		s.Sh("rm " + filepath.Join(overlay.SettingsDir, s.Network.Name+".json"))
		for _, c := range []struct {
			words []string
			says  string
		}{
			{[]string{"status"}, "many.json is gone, and this host is still in network many"},
			{[]string{"check"}, "# /etc/rundock/overlay/many.json is gone, and this host is still in network many; next: call rundock_overlay with name=many cidr=10.0.0.0/10 vni=9"},
			{[]string{"explain", overlay.Gateway(agentsite.Own).String()}, "many.json is gone"},
		} {
			if out, code := run(c.words...); code != 3 || !strings.Contains(out, c.says) {
				t.Errorf("%q exits with %d, want 3 and %q:\n%s", c.words, code, c.says, out)
			}
		}
		s.Stop(syscall.SIGTERM)
		if out, code := run("leave", "--attached", s.Network.Name); code != 0 || out != "" {
			t.Errorf("leave --attached exits with %d, and names\n%s", code, out)
		}
		if out, code := run("leave", s.Network.Name); code != 0 || out != "" {
			t.Errorf("leave exits with %d:\n%s", code, out)
		}
		if strings.Contains(s.Sh("ip -br link"), s.Network.Vxlan()) || s.Get(s.Key("subnets", agentsite.Own)) != "" {
			t.Error("the devices, or the subnet, are left")
		}
		if _, err := os.Lstat(saved); err == nil {
			t.Errorf("%s is left", saved)
		}
		if out, code := run("status"); code != 0 {
			t.Errorf("status after that exits with %d:\n%s", code, out)
		}
	})
}

// A host that leaves by force while the store is away says what stays there,
// and gives it back when it is told to leave again.
func TestLeave_without_a_registry_is_finished_later(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
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
		if out, err := leave("--check"); err != nil || out != "" {
			t.Errorf("whether it can be left = %v\n%s", err, out)
		}
		s.Etcd.Kill()
		if out, err := leave("--check"); err == nil || !strings.Contains(out, "give back the subnet: ") || !strings.Contains(out, "by force the network is left all the same") {
			t.Errorf("whether it can be left while the store is away = %v\n%s", err, out)
		}
		if out, err := leave("--check", "--force"); err != nil || out != "" {
			t.Errorf("whether it can be left by force = %v\n%s", err, out)
		}
		if out, err := leave(); err == nil || !strings.Contains(out, "give back the subnet: ") {
			t.Errorf("leaving = %v\n%s", err, out)
		}
		if out, err := leave("--force"); err != nil || !strings.Contains(out, "the store was not told: "+agentsite.Own.String()+" stays taken in the name of node-1") {
			t.Errorf("leaving by force = %v\n%s", err, out)
		}
		s.Sh("rm " + settings) // as the module does
		for _, flags := range [][]string{{"--check"}, nil} {
			if out, err := leave(flags...); err == nil {
				t.Errorf("leaving again %q while the store is away = %v\n%s", flags, err, out)
			}
		}
		s.Etcd.Restart()
		if s.Get(s.Key("subnets", agentsite.Own)) == "" {
			t.Error("the store has lost the subnet while it was away")
		}
		s.AwaitStore()
		if out, err := leave(); err != nil || out != "" || s.Get(s.Key("subnets", agentsite.Own)) != "" || s.Get(roster.Prefix(s.Network.Name)+"config") != "" {
			t.Errorf("leaving once it is back = %v\n%s", err, out)
		}
		if out, err := leave(); err == nil || !strings.Contains(out, "network many: this host is not in it, and nothing of it is left here") {
			t.Errorf("leaving once more = %v\n%s", err, out)
		}
		status := filepath.Join(control.Dir, "overlay", "many.json")
		s.Write(status, "{}")
		if out, err := leave("--check"); err != nil || out != "" {
			t.Errorf("whether what has left a status file can be left = %v\n%s", err, out)
		}
		if out, err := leave(); err != nil || !strings.Contains(out, status+" was all that was left of it") {
			t.Errorf("leaving what has left a status file = %v\n%s", err, out)
		}
		if _, err := os.Lstat(status); err == nil {
			t.Errorf("%s is left", status)
		}
	})
}
