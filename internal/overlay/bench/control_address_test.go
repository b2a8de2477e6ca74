package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rundock/internal/overlay/roster"
)

// The address by which others reach a host may be another from one moment to
// the next: its agent follows, tells the others, and says how it stands as
// check does.
func TestAgent_follows_the_address_of_its_host(t *testing.T) {
	onHost(t, func(s *site) {
		s.sh("echo 1 >/proc/sys/net/ipv4/ip_forward")
		all := peers(3)
		s.fill(all)
		s.reserve(own)
		s.start()
		registered := func() string {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			got, err := s.admin.Get(ctx, s.key("subnets", own))
			if err != nil || len(got.Kvs) != 1 {
				return fmt.Sprint(got, err)
			}
			var m roster.Member
			if err := json.Unmarshal(got.Kvs[0].Value, &m); err != nil || m.Underlay != s.at {
				return fmt.Sprintf("%s, %v", got.Kvs[0].Value, err)
			}
			return ""
		}
		follows := func() {
			t.Helper()
			s.eventually(fmt.Sprintf("the kernel sends from %s", s.at), func() string { return s.left(own, all) })
			s.eventually("the registry has "+s.at.String(), registered)
			s.eventually("the status has it, and finds no fault", func() string {
				if says := s.status(); says.Underlay != s.at.String() || says.Fault != "" || !says.Alive || says.Peers != len(all) {
					return fmt.Sprintf("%+v", says)
				}
				return ""
			})
			if out, err := exec.Command(s.program, "overlay", "check", s.network.Name).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("check: %v\n%s", err, out)
			}
		}
		follows()

		s.sh("ip addr del 192.0.2.5/24 dev eth0")
		s.eventually("the status says that the address is gone", func() string {
			if says := s.status(); !strings.Contains(says.Fault, "other hosts do not reach this one: ") || !strings.Contains(says.Fault, "eth0") {
				return fmt.Sprintf("%+v", says)
			}
			return ""
		})
		if out, err := exec.Command(s.program, "overlay", "check", s.network.Name).CombinedOutput(); err == nil || !strings.Contains(string(out), "eth0") {
			t.Errorf("check of a host without address: %v\n%s", err, out)
		}
		for _, next := range []string{"192.0.2.6", "198.18.77.7", "192.0.2.5"} {
			s.at = netip.MustParseAddr(next)
			s.sh("ip addr flush dev eth0; ip addr add " + next + "/24 dev eth0")
			follows()
		}

		// The network's MTU goes with the interface's, and check goes by it.
		for _, mtu := range []struct{ underlay, network string }{{"1400", "1350"}, {"1500", "1450"}} {
			s.sh("ip link set eth0 mtu " + mtu.underlay)
			s.eventually("the network's MTU is "+mtu.network, func() string {
				devices := s.sh(fmt.Sprintf("for d in %s %s; do ip link show $d | grep -o ' mtu [0-9]*'; done", s.network.Bridge(), s.network.Vxlan()))
				if says := s.status(); devices != strings.Repeat(" mtu "+mtu.network+"\n", 2) || fmt.Sprint(says.MTU) != mtu.network {
					return fmt.Sprintf("%q, and the status says %d", devices, says.MTU)
				}
				return ""
			})
			if out, err := exec.Command(s.program, "overlay", "check", s.network.Name).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("check with an underlay of MTU %s: %v\n%s", mtu.underlay, err, out)
			}
		}
	})
}
