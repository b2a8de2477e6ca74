package overlayagent

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// A disk that is full keeps nobody out of the network: the status says that what
// is known is not saved, and check claims nothing that it cannot know.
func TestAgent_on_a_full_disk_says_what_is_not_saved(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		s.Sh("sysctl -qw net.ipv4.ip_forward=1")
		all := agentsite.Peers(3)
		s.Begin(all[:2])
		s.AwaitSaved(2)
		s.Sh("mount -t tmpfs -o size=1m none " + overlay.SavedDir + "; dd if=/dev/zero of=" + overlay.SavedDir + "/full bs=4096 2>/dev/null || true")
		s.Fill(all)
		s.AwaitKernel(all)
		await.Empty(t, "the status says so", func() string {
			if says := s.Status(); !strings.Contains(says.Fault, "is not saved") || !strings.Contains(says.Fault, "no space left") || !strings.Contains(says.Next, "df ") {
				return "its fault is: " + says.Fault
			}
			return ""
		})
		if out, err := exec.Command(s.Program, "overlay", "check", s.Network.Name).CombinedOutput(); err == nil || strings.Contains(string(out), "ip route") || !strings.Contains(string(out), "its agent cannot save it") {
			t.Errorf("check = %v\n%s", err, out)
		}
		s.Sh("umount -l " + overlay.SavedDir)
		s.AwaitSaved(3)
		await.Empty(t, "nothing is wrong any more", func() string { return s.Status().Fault })
		if out, err := exec.Command(s.Program, "overlay", "check", s.Network.Name).CombinedOutput(); err != nil {
			t.Errorf("check once there is room = %v\n%s", err, out)
		}

		// Nor does a disk that is read-only when an agent starts.
		s.Stop(syscall.SIGTERM)
		s.Sh("ip link del " + s.Network.Vxlan() + "; mount --bind " + overlay.SavedDir + " " + overlay.SavedDir + "; mount -o remount,bind,ro " + overlay.SavedDir)
		s.Start()
		s.AwaitKernel(all)
	})
}
