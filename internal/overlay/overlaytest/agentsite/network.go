package agentsite

import (
	"fmt"
	"net/netip"

	"rundock/internal/overlay"
)

// Many is a network that thousands of hosts fit in.
var Many = overlay.Network{Name: "many", CIDR: netip.MustParsePrefix("10.0.0.0/10"), SubnetLength: 24, VNI: 9}

// Own is the subnet of the site's host in Many.
var Own = Many.Subnet(16000)

// Peers are hosts of Many, with its first subnets.
func Peers(count int) []overlay.Peer {
	all := make([]overlay.Peer, count)
	for i := range all {
		all[i] = overlay.Peer{
			Host: "host-" + Many.Subnet(i).Addr().String(), Subnet: Many.Subnet(i), Underlay: Underlay(i),
			MAC: overlay.VxlanMAC(fmt.Sprint(i), Many.VNI),
		}
	}
	return all
}

// Underlay is the address of peer i; nobody is there.
func Underlay(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}) }
