package overlayagent

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/overlay/overlaytest/agentsite"
	"rundock/internal/overlay/roster"
)

// The address by which others reach a host may be another from one moment to
// the next: its agent follows, tells the others, and says how it stands as
// check does.
func TestAgent_follows_the_address_of_its_host(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		s.Sh("echo 1 >/proc/sys/net/ipv4/ip_forward")
		all := agentsite.Peers(3)
		s.Fill(all)
		s.Reserve(agentsite.Own)
		s.Start()
		registered := func() string {
			value := s.Get(s.Key("subnets", agentsite.Own))
			var m roster.Member
			if err := json.Unmarshal([]byte(value), &m); err != nil || m.Underlay != s.At {
				return fmt.Sprintf("%s, %v", value, err)
			}
			return ""
		}
		follows := func() {
			t.Helper()
			await.Empty(t, fmt.Sprintf("the kernel sends from %s", s.At), func() string { return s.Missing(agentsite.Own, all) })
			await.Empty(t, "the store has "+s.At.String(), registered)
			await.Empty(t, "the status has it, and finds no fault", func() string {
				if says := s.Status(); says.Underlay != s.At.String() || says.Fault != "" || !says.Alive || says.Peers != len(all) {
					return fmt.Sprintf("%+v", says)
				}
				return ""
			})
			if out, err := exec.Command(s.Program, "overlay", "check", s.Network.Name).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("check: %v\n%s", err, out)
			}
		}
		follows()

		s.Sh("ip addr del 192.0.2.5/24 dev eth0")
		await.Empty(t, "the status says that the address is gone", func() string {
			if says := s.Status(); !strings.Contains(says.Fault, "other hosts do not reach this one: ") || !strings.Contains(says.Fault, "eth0") {
				return fmt.Sprintf("%+v", says)
			}
			return ""
		})
		if out, err := exec.Command(s.Program, "overlay", "check", s.Network.Name).CombinedOutput(); err == nil || !strings.Contains(string(out), "eth0") {
			t.Errorf("check of a host without address: %v\n%s", err, out)
		}
		for _, next := range []string{"192.0.2.6", "198.18.77.7", "192.0.2.5"} {
			s.At = netip.MustParseAddr(next)
			s.Sh("ip addr flush dev eth0; ip addr add " + next + "/24 dev eth0")
			follows()
		}

		// The network's MTU goes with the interface's, and check goes by it.
		for _, mtu := range []struct{ underlay, network string }{{"1400", "1350"}, {"1500", "1450"}} {
			s.Sh("ip link set eth0 mtu " + mtu.underlay)
			await.Empty(t, "the network's MTU is "+mtu.network, func() string {
				devices := s.Sh(fmt.Sprintf("for d in %s %s; do ip link show $d | grep -o ' mtu [0-9]*'; done", s.Network.Bridge(), s.Network.Vxlan()))
				if says := s.Status(); devices != strings.Repeat(" mtu "+mtu.network+"\n", 2) || fmt.Sprint(says.MTU) != mtu.network {
					return fmt.Sprintf("%q, and the status says %d", devices, says.MTU)
				}
				return ""
			})
			if out, err := exec.Command(s.Program, "overlay", "check", s.Network.Name).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("check with an underlay of MTU %s: %v\n%s", mtu.underlay, err, out)
			}
		}
	})
}
