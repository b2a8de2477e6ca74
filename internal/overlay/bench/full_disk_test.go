package bench

import (
	"os/exec"
	"strings"
	"testing"

	"rundock/internal/overlay"
)

// A disk that is full keeps nobody out of the network: the status says that what
// is known is not saved, and check claims nothing that it cannot know.
func TestAgent_on_a_full_disk_says_what_is_not_saved(t *testing.T) {
	onHost(t, func(s *site) {
		s.sh("sysctl -qw net.ipv4.ip_forward=1")
		all := peers(3)
		s.begin(all[:2])
		s.keeps(2)
		s.sh("mount -t tmpfs -o size=1m none " + overlay.KeptDir + "; dd if=/dev/zero of=" + overlay.KeptDir + "/full bs=4096 2>/dev/null || true")
		s.fill(all)
		s.right(all)
		s.eventually("the status says so", func() string {
			if says := s.status(); !strings.Contains(says.Fault, "is not saved") || !strings.Contains(says.Fault, "no space left") || !strings.Contains(says.Next, "df ") {
				return "its fault is: " + says.Fault
			}
			return ""
		})
		if out, err := exec.Command(s.program, "overlay", "check", s.network.Name).CombinedOutput(); err == nil || strings.Contains(string(out), "ip route") || !strings.Contains(string(out), "its agent cannot save it") {
			t.Errorf("check = %v\n%s", err, out)
		}
		s.sh("umount -l " + overlay.KeptDir)
		s.keeps(3)
		s.eventually("nothing is wrong any more", func() string { return s.status().Fault })
		if out, err := exec.Command(s.program, "overlay", "check", s.network.Name).CombinedOutput(); err != nil {
			t.Errorf("check once there is room = %v\n%s", err, out)
		}
	})
}
