package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/overlaytest"
)

// What it costs to program all peers on a bare kernel, to look at them when
// all is right, and to change one of them.
func BenchmarkPeers(b *testing.B) {
	n := overlay.Network{Name: "many", CIDR: netip.MustParsePrefix("10.0.0.0/10"), SubnetLength: 24, VNI: 9}
	h := overlay.Host{Machine: "m", Subnet: n.Subnet(16000), Underlay: netip.MustParseAddr("127.0.0.1"), MTU: 1500}
	for _, count := range []int{1000, 10_000} {
		peers := make([]overlay.Peer, count)
		for i := range peers {
			peers[i] = overlay.Peer{Subnet: n.Subnet(i), Underlay: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), MAC: overlay.VxlanMAC(fmt.Sprint(i), n.VNI)}
		}
		all, err := overlay.Want(n, h, peers)
		if err != nil {
			b.Fatal(err)
		}
		alone, err := overlay.Want(n, h, nil)
		if err != nil {
			b.Fatal(err)
		}
		moved := peers[count/2]
		moved.Underlay = netip.MustParseAddr("198.19.0.1")
		one, err := overlay.Want(n, h, append(peers[:count-1:count-1], moved))
		if err != nil {
			b.Fatal(err)
		}
		bench := func(name string, from overlay.State, run func(k *kernel.Kernel) error) {
			b.Run(fmt.Sprintf("%s/%d", name, count), func(b *testing.B) {
				ns := netnstest.New(b, "host")
				overlaytest.WithKernel(b, ns, func(k *kernel.Kernel) {
					for b.Loop() {
						b.StopTimer()
						if err := reach(k, n, h.Subnet, from); err != nil {
							b.Error(err)
							return
						}
						b.StartTimer()
						if err := run(k); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
		bench("program", alone, func(k *kernel.Kernel) error { return reach(k, n, h.Subnet, all) })
		bench("audit", all, func(k *kernel.Kernel) error { return reach(k, n, h.Subnet, all) })
		bench("change one, and audit", all, func(k *kernel.Kernel) error { return reach(k, n, h.Subnet, one) })
		w, err := overlay.NewWanted(n, h, peers)
		if err != nil {
			b.Fatal(err)
		}
		back := true
		bench("change one", all, func(k *kernel.Kernel) error {
			p := peers[count/2]
			if back = !back; !back {
				p = moved
			}
			ops, _, err := w.Change(map[netip.Prefix]*overlay.Peer{p.Subnet: &p})
			return errors.Join(err, k.Apply(ops))
		})
	}
}

// reach is an audit without a Keeper.
func reach(k *kernel.Kernel, n overlay.Network, subnet netip.Prefix, want overlay.State) error {
	have, err := k.Read(n, subnet)
	if err != nil {
		return err
	}
	return k.Apply(overlay.Plan(have, want))
}
