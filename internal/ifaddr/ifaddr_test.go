package ifaddr

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

func list(t *testing.T, text string) (all []net.Addr) {
	t.Helper()
	for _, s := range strings.Fields(text) {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &net.IPNet{IP: ip, Mask: n.Mask})
	}
	return all
}

func TestFirst(t *testing.T) {
	for _, c := range []struct{ name, have, want string }{
		{"takes IPv4 before IPv6", "fd00::1/64 10.0.0.5/24 10.0.0.6/24", "10.0.0.5"},
		{"takes the first global IPv6 address", "fe80::1/64 fd00::1/64 fd00::2/64", "fd00::1"},
		{"takes no link-local one", "fe80::1/64", "invalid IP"},
		{"finds none in none", "", "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := First(list(t, c.have)); a.String() != c.want {
				t.Errorf("First(%s) = %s, want %s", c.have, a, c.want)
			}
		})
	}
}

func TestHas(t *testing.T) {
	have := list(t, "10.0.0.5/24 fd00::1/64")
	for text, want := range map[string]bool{"10.0.0.5": true, "fd00::1": true, "10.0.0.6": false} {
		if got := Has(have, netip.MustParseAddr(text)); got != want {
			t.Errorf("Has(%v, %s) = %v, want %v", have, text, got, want)
		}
	}
}
