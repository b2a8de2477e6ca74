package kernel_test

import (
	"strings"
	"testing"

	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest"
)

// Routes of others that are taken instead of the network's are named, with the
// command that takes them away; those that are not taken are nobody's concern.
func TestCheck_names_routes_of_others_that_win(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	faults := func() (found []overlay.Fault) {
		var err error
		h.Do(func() { _, found, err = h.Keepers["apps"].Check(overlaytest.Apps.Subnet(1), h.Want(overlaytest.Apps)) })
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, tt := range []struct{ add, what string }{
		{"ip route add 10.42.2.0/24 via 192.0.2.2", "the route 10.42.2.0/24 via 192.0.2.2 dev eth0"},
		{"ip route add 10.42.2.128/25 dev eth0", "the route 10.42.2.128/25 dev eth0"},
		{"ip route add 10.42.2.10/32 via 192.0.2.2 metric 500", "the route 10.42.2.10/32 via 192.0.2.2 dev eth0"},
		{"ip route add blackhole 10.42.2.0/24", "the route blackhole 10.42.2.0/24"},
		{"ip route add 10.42.9.0/24 via 192.0.2.2", "the route 10.42.9.0/24 via 192.0.2.2 dev eth0"}, // of a host that may come
		{"ip route add 10.42.0.0/16 via 192.0.2.2", "the route 10.42.0.0/16 via 192.0.2.2 dev eth0"},
		{"ip route add 10.42.0.0/16 via 192.0.2.2 table 77; ip rule add to 10.42.0.0/16 lookup 77 priority 50", "the route 10.42.0.0/16 via 192.0.2.2 dev eth0 of table 77"},
		{"ip route add blackhole 10.42.0.0/16 table 77; ip rule add to 10.42.0.0/16 lookup 77 priority 50", "the route blackhole 10.42.0.0/16 of table 77"},
		{"ip route add unreachable 10.42.2.0/24 table 300; ip rule add lookup 300 priority 50", "the route unreachable 10.42.2.0/24 of table 300"},
		{"ip route add prohibit default table 77; ip rule add to 10.42.0.0/16 lookup 77 priority 50", "the route prohibit 0.0.0.0/0 of table 77"},
		{"ip rule add to 10.42.0.0/16 blackhole priority 50", "the rule blackhole of priority 50 (ip rule) refuses packets to network apps"},
		{"ip rule add to 10.42.0.0/16 unreachable priority 50", "the rule unreachable of priority 50 (ip rule) refuses packets to network apps"},
		{"ip rule add prohibit priority 50", "the rule prohibit of priority 50 (ip rule) refuses packets to network apps"},
		{"ip route add 10.42.0.0/16 via 192.0.2.2 table 77; ip rule add from 10.42.1.0/24 lookup 77 priority 50", "the route 10.42.0.0/16 via 192.0.2.2 dev eth0 of table 77"},
		{"ip route add blackhole default table 77; ip rule add iif ovl7 lookup 77 priority 50", "the route blackhole 0.0.0.0/0 of table 77"},
		{"ip rule add from 10.42.1.0/24 prohibit priority 50", "the rule prohibit of priority 50 (ip rule) refuses packets to network apps"},
		{"ip addr add 10.42.203.2/32 dev lo", "the address 10.42.203.2/32 of interface lo is in network apps, and not the network's: this host takes packets to it for its own"},
		{"ip addr add 10.42.1.7/28 dev lo noprefixroute", "the address 10.42.1.7/28 of interface lo is in network apps, and not the network's: this host takes packets to it for its own"}, // of a container here
		{"ip route add local 10.42.2.0/24 dev lo", "the route local 10.42.2.0/24 dev lo"},
		{"ip route add local 10.43.2.0/24 dev lo", ""},
		{"ip addr add 10.43.203.2/32 dev lo", ""},
		{"ip route add blackhole 10.42.0.0/16 table 77", ""},
		{"ip route add throw 10.42.0.0/16 table 77; ip rule add to 10.42.0.0/16 lookup 77 priority 50", ""},
		{"ip rule add to 10.43.0.0/16 prohibit priority 50", ""},
		{"ip route add 10.42.2.0/24 via 192.0.2.2 metric 50", ""},
		{"ip route add 10.42.0.0/16 via 192.0.2.2 metric 50", ""},
		{"ip route add 10.0.0.0/8 via 192.0.2.2; ip route add default via 192.0.2.2", ""},
		{"ip route add 10.42.0.0/16 via 192.0.2.2 table 77", ""},
	} {
		t.Run(tt.add, func(t *testing.T) {
			h.Sh(tt.add)
			defer h.Try(strings.ReplaceAll(tt.add, " add ", " del "))
			found := faults()
			if tt.what == "" {
				if len(found) > 0 {
					t.Errorf("faults are %q, and it is not taken", found)
				}
				return
			}
			if len(found) != 1 || found[0].What != tt.what && !strings.HasPrefix(found[0].What, tt.what+",") {
				t.Fatalf("faults are %q, want %s", found, tt.what)
			}
			if ops := h.Plan(overlaytest.Apps); len(ops) > 0 {
				t.Errorf("what is others' would be put right by\n%s", overlaytest.Lines(ops))
			}
			if command, _, ok := strings.Cut(found[0].Next, ", and see"); ok {
				h.Sh(command)
				if left := faults(); len(left) > 0 {
					t.Errorf("after %s there is %q", command, left)
				}
			}
		})
	}
}
