package roster

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"testing"

	"rundock/internal/registry"
)

func TestReserve_refuses_a_host_that_others_cannot_send_to(t *testing.T) {
	six := member(3)
	six.Underlay = netip.MustParseAddr("2001:db8::3")
	for _, tt := range []struct {
		name  string
		alive bool
		self  Member
		want  string
	}{
		{"IPv6 among IPv4", true, six, "network apps: its hosts reach each other over IPv4, as node-1 at 192.0.2.1, and the underlay address of this one, 2001:db8::3, is of IPv6: give underlay an address or interface of IPv4"},
		{"IPv4 among IPv4", true, member(3), ""},
		{"IPv6, where the others are gone", false, six, ""},
	} {
		one := member(1)
		one.Subnet = apps.Subnet(1)
		r := &Roster{Network: apps, Self: tt.self, Log: slog.New(slog.DiscardHandler)}
		value, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		list := []registry.Change{{Key: r.subnetKey(one.Subnet), Value: value}}
		if tt.alive {
			list = append(list, registry.Change{Key: r.aliveKey(one.ID), Value: []byte("{}")})
		}
		_, _, err = r.choose(r.book(list), netip.Prefix{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
