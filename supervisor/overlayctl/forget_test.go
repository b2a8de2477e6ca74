package overlayctl

import (
	"os/exec"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// A host that has lost its way to the store, and no more, keeps its subnet: it
// answers in the network. One that answers nothing does not.
func TestForget_asks_a_late_host_in_the_network(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(2)
		late := all[1]
		s.Begin(all)
		far := strings.NewReplacer("$VNI", "9", "$MAC", late.MAC.String(), "$AT", late.Underlay.String(), "$ADDRESS", late.Subnet.Addr().String(),
			"$OWN", agentsite.Own.Addr().String(), "$OUR", overlay.VxlanMAC(agentsite.Machine, s.Network.VNI).String())
		s.Sh(far.Replace(`ip netns add far; ip link set eth9 netns far
			ip -n far link set lo up; ip -n far addr add 192.0.2.6/24 dev eth9; ip -n far link set eth9 up; ip -n far addr add $AT/32 dev lo
			ip -n far link add vx$VNI address $MAC type vxlan id $VNI local $AT dstport 4789 nolearning; ip -n far addr add $ADDRESS/32 dev vx$VNI; ip -n far link set vx$VNI up
			ip -n far neigh add $OWN lladdr $OUR dev vx$VNI; bridge -n far fdb append $OUR dev vx$VNI dst 192.0.2.5; ip -n far route add $OWN/32 dev vx$VNI
			ip route add $AT/32 via 192.0.2.6`))
		s.Put(map[string]string{s.Key("alive", agentsite.ID(late)): ""})
		forget := func() (string, error) {
			out, err := exec.Command(s.Program, "overlay", "forget", s.Network.Name, late.Host).CombinedOutput()
			return string(out), err
		}
		nobody := exec.Command(s.Program, "overlay", "forget", s.Network.Name)
		if out, _ := nobody.CombinedOutput(); nobody.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "say which host is to be forgotten, of "+all[0].Host) {
			t.Errorf("forget of no host exits with %d, want 2:\n%s", nobody.ProcessState.ExitCode(), out)
		}
		want := late.Host + ", which has " + late.Subnet.String() + ", has not told the store that it is alive, and answers in the network"
		if out, err := forget(); err == nil || !strings.Contains(out, want) {
			t.Errorf("forget of a late host = %v, want a refusal with %q:\n%s", err, want, out)
		}
		if s.Get(s.Key("subnets", late.Subnet)) == "" {
			t.Fatal("the late host has lost its subnet")
		}
		s.Sh("ip -n far link set eth9 down")
		await.Empty(t, "the host is forgotten once it is silent", func() string {
			if out, err := forget(); err != nil {
				return out
			}
			return ""
		})
	})
}
