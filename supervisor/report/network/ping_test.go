package network

import (
	"net"
	"net/netip"
	"os"
	"testing"
)

func TestPing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("ICMP needs root")
	}
	for _, address := range []string{"127.0.0.1", "::1"} {
		a := netip.MustParseAddr(address)
		if l, err := net.Listen("tcp", net.JoinHostPort(address, "0")); err != nil {
			continue // a machine without IPv6
		} else {
			l.Close()
		}
		for _, size := range []int{0, 1450, 60000} {
			if e := ping(t.Context(), a, size, ""); !e.Answered {
				t.Errorf("ping %s with %d bytes = %+v, want an answer", a, size, e)
			}
		}
	}
	// More than the loopback's MTU.
	if e := ping(t.Context(), netip.MustParseAddr("127.0.0.1"), 65537, ""); e.Answered || e.Failure != "message too long" {
		t.Errorf("ping with too much = %+v, want that it is too long", e)
	}
}
