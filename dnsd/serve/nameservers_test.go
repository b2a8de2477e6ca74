package serve

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestNameServersAreThoseConfiguredElseThoseListenedOn(t *testing.T) {
	var n nameServers
	for _, a := range []string{"127.0.0.1:53", "10.1.0.2:53", "0.0.0.0:53", "[fd00::2]:53"} {
		n.add(netip.MustParseAddrPort(a))
	}
	if got := fmt.Sprint(n.get()); got != "[10.1.0.2 fd00::2]" {
		t.Errorf("name servers are %s", got)
	}
	if n.fixed = []netip.Addr{netip.MustParseAddr("10.9.9.9")}; fmt.Sprint(n.get()) != "[10.9.9.9]" {
		t.Errorf("name servers are %v, want the one configured", n.get())
	}
}
