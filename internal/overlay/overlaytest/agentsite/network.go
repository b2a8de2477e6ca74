package agentsite

import (
	"fmt"
	"net/netip"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
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

// AwaitKernel waits until the kernel holds what it should with these peers.
func (s *Site) AwaitKernel(peers []overlay.Peer) {
	s.T.Helper()
	await.Empty(s.T, "the kernel holds what it should", func() string { return s.Missing(Own, peers) })
}

// Missing is what an audit would do to have the kernel hold these peers, "" if
// nothing: not an agent's audit, that of a test.
func (s *Site) Missing(subnet netip.Prefix, peers []overlay.Peer) string {
	s.T.Helper()
	want, err := overlay.Want(s.Network, overlay.Host{Machine: Machine, Subnet: subnet, Underlay: s.At, Interface: "eth0", MTU: 1500}, peers)
	if err != nil {
		s.T.Fatal(err)
	}
	k, err := kernel.Open()
	if err != nil {
		s.T.Fatal(err)
	}
	defer k.Close()
	have, err := k.Read(s.Network, subnet)
	if err != nil {
		return err.Error()
	}
	ops := overlay.Plan(have, want)
	if len(ops) == 0 {
		return ""
	}
	return fmt.Sprintf("%d operations are left, the first is %s", len(ops), ops[0])
}
