package inspect

import (
	"fmt"
	"testing"

	"rundock/dnsd/forward"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"
	"rundock/internal/netnstest"
)

func TestALookFailsForAStubThatIsNoZone(t *testing.T) {
	s := settings.Settings{Prefix: "/skydns", Stubs: []forward.Stub{{Zone: "a..b."}}}
	const want = `--stub: zone "a..b.": not a DNS name`
	if _, err := newView(s, nil, 1); err == nil || err.Error() != want {
		t.Errorf("it fails with %v, want %s", err, want)
	}
}

// TestOwnAddresses are those of a running dnsd that another host can reach.
func TestOwnAddresses(t *testing.T) {
	host := netnstest.New(t, "host")
	host.Sh("ip link add eth7 type bridge && ip link set eth7 up && ip addr add 10.9.0.7/24 dev eth7")
	s := settings.Settings{Listen: []server.Address{{Host: "127.0.0.1", Port: 53}, {Host: "eth7", Port: 53}}}
	host.Do(func() {
		if got := fmt.Sprint(ownAddresses(s)); got != "[10.9.0.7]" {
			t.Errorf("own addresses are %s", got)
		}
	})
	if got := ownAddresses(s); len(got) > 0 {
		t.Errorf("where the interface is not there they are %s", got)
	}
}
