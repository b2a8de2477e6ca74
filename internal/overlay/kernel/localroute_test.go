package kernel

import (
	"net/netip"
	"testing"

	"rundock/internal/netnstest"
)

// While the kernel looks for others with a new address, it is nobody's doing that
// packets to it are not taken in.
func TestUnheard_is_no_address_that_is_tentative(t *testing.T) {
	host, other := netnstest.New(t, "host"), netnstest.New(t, "other")
	host.Cable("eth0", other, "eth0", 1500)
	other.Sh("ip link set eth0 up")
	host.Sh("sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=60; ip link set eth0 up; ip addr add 2001:db8::77/64 dev eth0")
	host.Do(func() {
		k, err := Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer k.Close()
		if name, err := k.lostUnderlayRoute(netip.MustParseAddr("2001:db8::77")); err != nil || name != "" {
			t.Errorf("unheard = %q, %v, want nothing", name, err)
		}
	})
}
