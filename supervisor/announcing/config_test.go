package announcing

import (
	"net/netip"
	"testing"
	"time"

	"rundock/internal/announce"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
)

func TestAnnouncePort(t *testing.T) {
	host := hostconfig.Config{Private: hostconfig.Interface{Interface: "lo"}, Public: hostconfig.Interface{Interface: "nowhere0"}}
	loopback := netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		claim string
		in    supervisor.Announcement
		want  announce.Port
		err   string
	}{
		{"the private address is the default", supervisor.Announcement{Port: 80, Lease: 20},
			announce.Port{Address: loopback, Port: 80, Lease: 20 * time.Second}, ""},
		{"announced as container there is no address yet", supervisor.Announcement{Port: 80, ContainerPort: 8080, As: "container", Network: "blue"},
			announce.Port{Port: 80, ContainerPort: 8080, Network: "blue"}, ""},
		{"an interface that is not there is named", supervisor.Announcement{Port: 80, As: "public"},
			announce.Port{}, "public.interface: interface nowhere0 does not exist"},
		{"another way of announcing is refused", supervisor.Announcement{Port: 80, As: "secret"},
			announce.Port{}, `as "secret": want public, private or container`},
		{"a check's times are read", supervisor.Announcement{Port: 80, Check: &supervisor.Check{Type: "http", Path: "/up", Interval: "500ms", Timeout: "2s", Rise: 2}},
			announce.Port{Address: loopback, Port: 80, Check: announce.Check{Type: announce.CheckHTTP, Path: "/up", Interval: 500 * time.Millisecond, Timeout: 2 * time.Second, Rise: 2}}, ""},
		{"a time that is none is named", supervisor.Announcement{Port: 80, Check: &supervisor.Check{Interval: "1"}},
			announce.Port{}, `check interval "1": want a duration such as 1s or 500ms`},
	} {
		t.Run(c.claim, func(t *testing.T) {
			got, err := announcePort(c.in, host)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error = %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Address != c.want.Address || got.Port != c.want.Port || got.ContainerPort != c.want.ContainerPort || got.Network != c.want.Network || got.Lease != c.want.Lease ||
				got.Check.Type != c.want.Check.Type || got.Check.Path != c.want.Check.Path || got.Check.Interval != c.want.Check.Interval || got.Check.Timeout != c.want.Check.Timeout || got.Check.Rise != c.want.Check.Rise {
				t.Errorf("port = %+v, want %+v", got, c.want)
			}
		})
	}
}
