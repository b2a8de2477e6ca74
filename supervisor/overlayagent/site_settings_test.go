package overlayagent

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// An agent keeps the network that this host is in, and no other that its settings,
// changed by hand, would have it be: they may well name a network of its neighbours.
func TestAgent_refuses_settings_of_another_network(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		s.Sh("sysctl -qw net.ipv4.ip_forward=1")
		file := func(name string) string { return filepath.Join(overlay.SettingsDir, name+".json") }
		right, err := os.ReadFile(file(s.Network.Name))
		if err != nil {
			t.Fatal(err)
		}
		all := agentsite.Peers(3)
		s.Begin(all)
		s.AwaitSaved(len(all))
		// again has the agent, which was stopped, wait with a reason that has these words.
		again := func(change, words string) {
			t.Helper()
			s.Start()
			await.Empty(t, change+" is refused", func() string {
				if says := s.Status(); says.PID != s.Agent.Process.Pid || says.State != control.OverlayWaiting || !strings.Contains(says.Reason, words) {
					return "it is " + string(says.State) + ": " + says.Reason
				}
				return ""
			})
			s.Stop(syscall.SIGTERM)
			if left := s.Missing(agentsite.Own, all); left != "" {
				t.Errorf("after %s: %s", change, left)
			}
		}
		s.Stop(syscall.SIGTERM)
		s.Write(file(s.Network.Name), strings.NewReplacer(`"vni":9`, `"vni":10`).Replace(string(right)))
		again("another VNI", "many.json was changed to vni 10 (it is 9) while this host is in network many: call rundock_overlay with the values as they are in parentheses")
		if links := s.Sh("ip -br link"); strings.Contains(links, "vx10") {
			t.Errorf("devices of the other VNI were made:\n%s", links)
		}
		check := exec.Command(s.Program, "overlay", "check", s.Network.Name)
		if out, _ := check.CombinedOutput(); check.ProcessState.ExitCode() != 3 || !strings.HasPrefix(string(out), "# /etc/rundock/overlay/many.json was changed to vni 10 (it is 9)") || strings.Count(string(out), "\n") != 1 {
			t.Errorf("check exits with %d, want 3 and what was changed:\n%s", check.ProcessState.ExitCode(), out)
		}

		// A former release saved no settings.
		s.Write(file(s.Network.Name), string(right))
		other := overlay.Settings{Version: overlay.SettingsVersion, Network: overlay.Network{Name: "other", CIDR: agentsite.Many.CIDR, SubnetLength: 24, VNI: 9}}
		data, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(file("other"), string(data))
		saved := filepath.Join(overlay.SavedDir, s.Network.Name+".json")
		known := map[string]any{}
		if text, err := os.ReadFile(saved); err != nil || json.Unmarshal(text, &known) != nil {
			t.Fatalf("saved is %s, %v", text, err)
		}
		delete(known, "settings")
		if data, err = json.Marshal(known); err != nil {
			t.Fatal(err)
		}
		s.Write(saved, string(data))
		again("another network with its VNI", "vni 9 is that of network other")

		os.Remove(file("other"))
		s.Start()
		await.Empty(t, "the agent keeps the network again, and saves its settings", func() string {
			if settings, err := overlay.ReadSavedSettings(overlay.SavedDir, s.Network.Name); err != nil || settings.Network != s.Network {
				return "saved are not the settings"
			}
			return s.Missing(agentsite.Own, all)
		})
	})
}
