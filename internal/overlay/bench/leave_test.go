package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
)

// A host leaves a network whatever it has lost of its own: what can be taken
// away is, and what stays is named.
func TestLeave_of_a_host_that_has_lost_something(t *testing.T) {
	onHost(t, func(s *site) {
		saved := filepath.Join(overlay.KeptDir, s.network.Name+".json")
		status := filepath.Join(control.Dir, "overlay", s.network.Name+".json")
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
				[]string{"read what is known", "/etc/machine-id is empty", own.String() + " stays taken, as the host cannot tell which", "rundockd overlay forget many " + own.String()}},
			{"all that says that it was in the network", "rm " + saved + " " + status + " " + instance + "; echo >/etc/machine-id", true, true,
				[]string{s.network.Bridge() + " and " + s.network.Vxlan() + " stay", "/etc/machine-id is empty", "the subnet of this host stays taken", "rundockd overlay forget many node-1"}},
		} {
			s.write("/etc/machine-id", machine+"\n")
			s.begin(peers(3))
			s.keeps(3)
			s.stop(syscall.SIGTERM)
			s.sh(c.lose)
			cmd := exec.Command(s.program, "overlay", "leave", s.network.Name)
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
			if there := strings.Contains(s.sh("ip -br link"), s.network.Vxlan()); there != c.devices {
				t.Errorf("without %s: the devices are there: %v", c.name, there)
			}
			if key := s.key("subnets", own); s.has(key) != c.entry {
				t.Errorf("without %s: %s is there: %v", c.name, key, !c.entry)
			}
			for _, path := range []string{saved, status, overlayhost.PortsFile(s.network.Name)} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("without %s: %s is left", c.name, path)
				}
			}
			s.sh("ip link del " + s.network.Vxlan() + " 2>/dev/null || ip link del " + s.network.Bridge() + " 2>/dev/null || :; ip link del " + s.network.Bridge() + " 2>/dev/null || :")
		}
	})
}

// has reports whether the registry has a key.
func (s *site) has(key string) bool {
	s.t.Helper()
	found, err := s.admin.Get(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	return found.Count > 0
}
