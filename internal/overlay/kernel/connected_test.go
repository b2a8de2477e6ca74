package kernel_test

import (
	"fmt"
	"net/netip"
	"testing"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/overlaytest"
)

// Whatever else may come before the bridge's route where packets go, it is
// seen: as there, or as not there.
func TestRead_sees_whether_the_bridge_has_its_route(t *testing.T) {
	for _, n := range []overlay.Network{overlaytest.Apps, {Name: "small", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 30, VNI: 7}} {
		subnet := n.Subnet(1)
		one := overlay.Gateway(subnet).Next() // which is asked for
		for _, tt := range []struct {
			name, script string
			is           bool
		}{
			{"nothing else", "", true},
			{"a host's route by another device", fmt.Sprintf("ip route add %s/32 dev lo", one), true},
			{"a blackhole", fmt.Sprintf("ip route add blackhole %s/32", one), true},
			{"an unreachable address", fmt.Sprintf("ip route add unreachable %s/32", one), true},
			{"a prohibited address", fmt.Sprintf("ip route add prohibit %s/32", one), true},
			{"a local address", fmt.Sprintf("ip addr add %s/32 dev lo", one), true},
			{"another table's rule", fmt.Sprintf("ip route add %s dev ovl7 table 100; ip rule add to %s lookup 100 pref 10", subnet, subnet), true},
			{"a rule that drops", fmt.Sprintf("ip rule add to %s blackhole pref 10", subnet), true},
			{"one of another's, with a lower metric", fmt.Sprintf("ip route del %s dev ovl7; ip route add %[1]s dev ovl7 metric 5; ip route add %[1]s dev lo metric 1", subnet), true},
			{"a route in another table alone", fmt.Sprintf("ip route del %s dev ovl7; ip route add %[1]s dev ovl7 table 100; ip rule add to %[1]s lookup 100 pref 10", subnet), false},
			{"one that leads elsewhere", fmt.Sprintf("ip route del %s dev ovl7; ip route add %[1]s dev lo", subnet), false},
			{"halves", fmt.Sprintf("ip route del %s dev ovl7; ip route add %s/32 dev ovl7", subnet, one), false},
			{"none, and a default route", fmt.Sprintf("ip route del %s dev ovl7; ip route add default dev lo", subnet), false},
			{"none at all", fmt.Sprintf("ip route del %s dev ovl7", subnet), false},
		} {
			t.Run(fmt.Sprint(subnet, " ", tt.name), func(t *testing.T) {
				ns := netnstest.New(t, "host")
				ns.Sh(fmt.Sprintf("ip link add ovl7 type bridge; ip addr add %s/%d dev ovl7; ip link set ovl7 up", overlay.Gateway(subnet), subnet.Bits()))
				ns.Sh(tt.script)
				overlaytest.WithKernel(t, ns, func(k *kernel.Kernel) {
					for range 2 { // what is asked leaves nothing to be read
						s, err := k.Read(n, subnet)
						if err != nil || s.Bridge.Connected != tt.is {
							t.Errorf("Connected = %v, %v; want %v", s.Bridge.Connected, err, tt.is)
						}
					}
				})
			})
		}
	}
}
