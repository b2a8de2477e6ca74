package pathmtu

import (
	"context"
	"testing"
	"time"

	"rundock/internal/overlay/overlaytest"
)

// A peer that answers is awaited as long as it does, over either family.
func TestAwaitSilence(t *testing.T) {
	overlaytest.NeedTool(t, "nft")
	for name, six := range map[string]bool{"IPv4": false, "IPv6": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := overlaytest.Apps
			c := overlaytest.NewCluster(t, 4, six, n)
			p := probeFrom(c.Hosts[0], n, time.Hour)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			await := func(peer int) chan struct{} {
				silent := make(chan struct{})
				go func() {
					defer close(silent)
					p.AwaitSilence(ctx, n.Subnet(peer))
				}()
				return silent
			}
			silence := func(peer int, silent chan struct{}) {
				t.Helper()
				select {
				case <-silent:
				case <-time.After(overlaytest.Patience):
					t.Fatalf("host-%d is silent, and awaited on", peer)
				}
			}
			down := func(peer int) { c.Hosts[peer-1].Sh("ip link set eth0 down") }
			down(3)
			two, three, four := await(2), await(3), await(4)
			silence(3, three)
			down(4)
			silence(4, four)
			select {
			case <-two:
				t.Error("host-2 answers, and was taken for silent as early as others that do not")
			default:
			}
			cancel()
			silence(2, two)
			if len(p.pulses) != 0 {
				t.Errorf("%d peers are asked still", len(p.pulses))
			}
		})
	}
}
