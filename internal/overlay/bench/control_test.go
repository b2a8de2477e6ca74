package bench

import (
	"fmt"
	"net/netip"
	"time"

	"rundock/internal/overlay"
)

// many is a network that thousands of hosts fit in.
var many = overlay.Network{Name: "many", CIDR: netip.MustParsePrefix("10.0.0.0/10"), SubnetLength: 24, VNI: 9}

// host is the one that is measured, peers are count others.
var host = overlay.Host{Machine: "m", Subnet: many.Subnet(16000), Underlay: netip.MustParseAddr("127.0.0.1"), MTU: 1500}

func peers(count int) []overlay.Peer {
	all := make([]overlay.Peer, count)
	for i := range all {
		all[i] = overlay.Peer{
			Host: "host-" + many.Subnet(i).Addr().String(), Subnet: many.Subnet(i), Underlay: underlay(i),
			MAC: overlay.VxlanMAC(fmt.Sprint(i), many.VNI),
		}
	}
	return all
}

// underlay is a host's; nobody is there.
func underlay(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}) }

// sizes are the numbers of peers that are looked at.
func sizes() []int {
	if *earnest {
		return []int{1000, 10_000}
	}
	return []int{50}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
