package roster

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/registry/etcdtest"
)

// otherwise is apps with other values.
func otherwise() overlay.Network {
	n := apps
	n.CIDR, n.VNI = netip.MustParsePrefix("10.44.0.0/16"), 9
	return n
}

func TestAgree_on_what_the_first_host_says(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two := join(t, server, apps, 1), join(t, server, apps, 2)
	retry(t, one.Agree)
	retry(t, two.Agree)
	retry(t, one.Agree)

	err := answer(t, join(t, server, otherwise(), 3).Agree)
	var d *Disagreement
	const want = "network apps: cidr is 10.44.0.0/16 here (node-3) and 10.42.0.0/16 in the store (from node-1, which has left); " +
		"vni is 9 here (node-3) and 7 in the store (from node-1, which has left); no host is in it: rundockd overlay forget apps frees it"
	if !errors.As(err, &d) || err.Error() != want {
		t.Errorf("Agree = %v, want %s", err, want)
	}
	// A network whose name begins like this one's config key is none of it.
	longer := apps
	longer.Name = "app"
	if err := answer(t, join(t, server, longer, 3).Agree); err != nil {
		t.Errorf("Agree on another network = %v", err)
	}
}

// Who keeps a network as it is, and what to do about those that are gone.
func TestDisagreement_names_the_hosts_that_are_in_the_network(t *testing.T) {
	seen := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	here, gone := Entry{Host: "node-1", Alive: true}, Entry{Host: "node-9", Seen: seen}
	const forget = "node-9 was last seen 2026-11-28T09:30:00Z: if it is gone for good, rundockd overlay forget apps node-9"
	for _, tt := range []struct {
		name string
		in   []Entry
		want string
	}{
		{"none", nil, "(from node-1, which has left); no host is in it: rundockd overlay forget apps frees it"},
		{"one that is alive", []Entry{here}, "(from node-1); in it: node-1"},
		{"one that is gone", []Entry{gone}, "(from node-1, which has left); " + forget},
		{"both", []Entry{here, gone}, "(from node-1); in it: node-1; " + forget},
		{"many", []Entry{here, here, here, here, here, gone, gone, gone, gone, gone}, "in it: node-1, node-1, node-1, 2 more; " + strings.Repeat(forget+"; ", 3) + "so are 2 more"},
	} {
		err := &Disagreement{Ours: otherwise(), Theirs: apps, Host: "node-3", By: "node-1", In: tt.in}
		if !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want it to end with %q", tt.name, err, tt.want)
		}
	}
}

// What is left to a default is said as what it stands for.
func TestDisagreement_says_what_a_default_is(t *testing.T) {
	other := apps
	other.Port, other.MTU = 4790, 1400
	err := &Disagreement{Ours: apps, Theirs: other, Host: "node-3", By: "node-1"}
	const want = "mtu is auto here (node-3) and 1400 in the store (from node-1, which has left); port is 4789 here (node-3) and 4790 in the store"
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want in it %q", err, want)
	}
}

func TestCanJoin_writes_nothing(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	small := apps
	small.SubnetLength = 17
	one, two, three := join(t, server, small, 1), join(t, server, small, 2), join(t, server, small, 3)
	refusal := func(r *Roster) (refused error) {
		t.Helper()
		retry(t, func(ctx context.Context) (err error) { refused, err = r.CanJoin(ctx); return err })
		return refused
	}
	if err := refusal(one); err != nil {
		t.Errorf("CanJoin of a new network = %v", err)
	}
	if keys, err := one.list(t.Context(), Prefix("apps")); len(keys) != 0 || err != nil {
		t.Fatalf("the store holds %v, %v", keys, err)
	}
	retry(t, one.Agree)
	reserve(t, one, netip.Prefix{})
	if err := refusal(two); err != nil {
		t.Errorf("CanJoin of a second host = %v", err)
	}

	other := join(t, server, otherwise(), 3)
	var d *Disagreement
	if err := refusal(other); !errors.As(err, &d) || len(d.In) != 1 || d.In[0].Host != "node-1" {
		t.Errorf("CanJoin of another cidr = %v, want a disagreement with node-1", err)
	}
	reserve(t, two, netip.Prefix{})
	if err := refusal(three); err == nil || !strings.Contains(err.Error(), "all 2 subnets of 10.42.0.0/16 are taken") {
		t.Errorf("CanJoin of a network that is full = %v", err)
	}
	if err := refusal(two); err != nil {
		t.Errorf("CanJoin of a host that is in it = %v", err)
	}
	entries, err := one.list(t.Context(), Prefix("apps")+"subnets/")
	if err != nil || len(entries) != 2 {
		t.Errorf("subnets are %v, %v", entries, err)
	}
}

func TestForget(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two := join(t, server, apps, 1), join(t, server, apps, 2)
	retry(t, one.Agree)
	first, second := reserve(t, one, netip.Prefix{}), reserve(t, two, netip.Prefix{})
	namesake := two.Self
	namesake.ID, namesake.Subnet = "machine-9", apps.Subnet(9)
	value, _ := json.Marshal(namesake)
	put(t, server, one.subnetKey(namesake.Subnet), string(value))
	put(t, server, Prefix("apps")+"subnets/10.42.250.0-24", "nonsense")
	end := alive(t, one)

	forget := &Roster{Client: one.Client, Network: overlay.Network{Name: "apps"}}
	refused := func(host, want string) {
		t.Helper()
		if _, _, err := forget.Forget(t.Context(), host, nil); err == nil || err.Error() != want {
			t.Errorf("Forget(%q) = %v, want %s", host, err, want)
		}
	}
	freed := func(host, subnet string, last bool) {
		t.Helper()
		e, dissolved, err := forget.Forget(t.Context(), host, nil)
		if err != nil || e.Subnet != subnet || dissolved != last {
			t.Errorf("Forget(%q) = %+v, %v, %v, want %s, %v", host, e, dissolved, err, subnet, last)
		}
	}
	refused("", "network apps: say which host is to be forgotten, of 10.42.250.0/24, node-1, node-2, node-2")
	refused("node-3", "network apps: no host node-3 has a subnet of it; those that have: 10.42.250.0/24, node-1, node-2, node-2")
	refused("node-1", "network apps: node-1 is alive: have it leave by itself, by rundock_overlay with name=apps state=absent there")
	two1, two2 := second, namesake.Subnet
	if two1.String() > two2.String() {
		two1, two2 = two2, two1
	}
	refused("node-2", "network apps: 2 hosts are called node-2: say which by its subnet, of "+two1.String()+", "+two2.String())
	freed(namesake.Subnet.String(), namesake.Subnet.String(), false)
	freed("10.42.250.0/24", "10.42.250.0/24", false)
	freed("node-2", second.String(), false)
	end(nil)
	freed("machine-1", first.String(), true)
	refused("", "network apps: the store has nothing of it")
	if err := answer(t, join(t, server, otherwise(), 3).Agree); err != nil {
		t.Errorf("Agree after the last host was forgotten = %v", err)
	}
	freed("", "", true)
}

func TestRelease_of_the_last_host_ends_the_network(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	other := apps
	other.VNI = 9
	one, two, three := join(t, server, apps, 1), join(t, server, apps, 2), join(t, server, other, 3)
	retry(t, one.Agree)
	reserve(t, one, netip.Prefix{})
	reserve(t, two, netip.Prefix{})
	retry(t, one.Release)
	if err := answer(t, three.Agree); err == nil {
		t.Error("the network ended while a host was in it")
	}
	retry(t, two.Release)
	if err := answer(t, three.Agree); err != nil {
		t.Errorf("the network outlived its last host: %v", err)
	}
}

// A machine id that was written since the agent started is not that of the entry.
func TestRelease_of_a_host_with_another_machine_id_than_before(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two := join(t, server, apps, 1), join(t, server, apps, 2)
	retry(t, one.Agree)
	reserve(t, one, netip.Prefix{})
	others := reserve(t, two, netip.Prefix{})
	one.Self.ID = "machine-9"
	retry(t, one.Release)
	left, err := two.list(t.Context(), Prefix("apps")+"subnets/")
	if err != nil || len(left) != 1 || left[0].Key != two.subnetKey(others) {
		t.Errorf("%d subnets are taken, %v, want that of node-2 alone", len(left), err)
	}
}
