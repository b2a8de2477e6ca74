package network

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rundock/internal/overlay"
	"rundock/internal/spec"
	"rundock/internal/stack"
)

// small has room for four networks.
var small = Pool{CIDR: netip.MustParsePrefix("10.192.0.0/18"), Length: 20, SubnetLength: 26, FirstVNI: 100001, LastVNI: 100004}

// of is a stack with networks of these lines: KEY [internal] [external] [SUBNET] [name=NAME].
func of(name string, lines ...string) stack.Stack {
	s := stack.Stack{Version: stack.Version, Name: name, Networks: map[string]stack.Network{}}
	for _, line := range lines {
		words := strings.Fields(line)
		n := stack.Network{Name: name + "_" + words[0]}
		for _, w := range words[1:] {
			switch given, named := strings.CutPrefix(w, "name="); {
			case named:
				n.Name = given
			case w == "internal":
				n.Internal = true
			case w == "external":
				n.External = true
			default:
				n.Subnets = append(n.Subnets, w)
			}
		}
		s.Networks[words[0]] = n
	}
	return s
}

// written is a ledger, a line each network.
func written(l Ledger) string {
	var lines []string
	for name, c := range l.Networks {
		lines = append(lines, fmt.Sprintf("%s %s/%d %d %s", name, c.Subnet, c.SubnetLength, c.VNI, strings.Join(c.Stacks, "+")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// claimed is l after each of these stacks has got its networks.
func claimed(t *testing.T, l Ledger, p Pool, stacks ...stack.Stack) Ledger {
	t.Helper()
	for _, s := range stacks {
		next, _, err := l.With(s, p, nil, nil)
		if err != nil {
			t.Fatalf("With(%s) = %v", s.Name, err)
		}
		l = next
	}
	return l
}

func TestWith_gives_each_network_a_subnet_and_a_VNI(t *testing.T) {
	l := claimed(t, Ledger{}, DefaultPool, of("shop", "default", "back internal", "web external"), of("blog", "default", "fixed 10.20.0.0/24"))
	if got, want := written(l), `blog_default 10.192.32.0/20/26 100003 blog
blog_fixed 10.20.0.0/24/28 100004 blog
shop_back 10.192.0.0/20/26 100001 shop
shop_default 10.192.16.0/20/26 100002 shop`; got != want {
		t.Errorf("the ledger is\n%s\nwant\n%s", got, want)
	}
	again := claimed(t, l, small, of("shop", "default", "back internal"), of("blog", "default", "fixed 10.20.0.0/24"))
	if got, want := written(again), written(l); got != want {
		t.Errorf("with another pool, what is there becomes\n%s\nwant\n%s", got, want)
	}
}

func TestWith_names_what_is_in_the_way(t *testing.T) {
	l := claimed(t, Ledger{}, small, of("shop", "a", "b", "shared name=common"), of("blog", "fixed 10.20.0.0/24"))
	inventory := []overlay.Network{{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), VNI: 42}}
	for _, tt := range []struct {
		model stack.Stack
		want  string
	}{
		{of("wiki", "a"), "network a: all VNIs from 100001 to 100004 are taken"},
		{of("shop", "c", "d"), "network c: all VNIs"},
		{of("wiki", "a 10.42.7.0/24"), "network a: its subnet 10.42.7.0/24 overlaps 10.42.0.0/16 of network apps"},
		{of("wiki", "a 10.20.0.0/16"), "network a: its subnet 10.20.0.0/16 overlaps 10.20.0.0/24 of network blog_fixed"},
		{of("wiki", "a name=apps"), "network a: apps is an overlay network of the inventory: external: true uses it"},
		{of("wiki", "x internal name=common"), "network x: internal is true here, and false in shop, which has the same network, common"},
		{of("shop", "a internal", "b"), "network a: its internal is false, and cannot become true while containers are in it: deploy the stack without this network first, or give the new one another name"},
		{of("blog", "fixed 10.21.0.0/24"), "network fixed: its subnet is 10.20.0.0/24, and cannot become 10.21.0.0/24 while containers are in it: deploy the stack without"},
	} {
		if _, _, err := l.With(tt.model, small, nil, inventory); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("With(%s) = %v, want %s", tt.model.Name, err, tt.want)
		}
	}
	away := overlay.Network{Name: "wiki_a", CIDR: netip.MustParsePrefix("10.20.9.0/24"), SubnetLength: 28, VNI: 100009}
	_, has, err := Ledger{}.With(of("wiki", "a"), small, nil, append(inventory, away))
	if got := has["a"]; err != nil || got.Subnet != away.CIDR || got.SubnetLength != away.SubnetLength || got.VNI != away.VNI {
		t.Errorf("a network of before, which hosts have that are away, is %+v, %v, want %+v", got, err, away)
	}
	if _, _, err := (Ledger{}).With(of("wiki", "a 10.21.0.0/24"), small, nil, []overlay.Network{away}); err == nil || !strings.Contains(err.Error(), "wiki_a is 10.20.9.0/24 yet on hosts that are away") {
		t.Errorf("another subnet for it: %v", err)
	}
	full := small
	full.LastVNI = 200000
	l = claimed(t, l, full, of("news", "a"))
	if _, _, err := l.With(of("wiki", "a"), full, nil, nil); err == nil || !strings.Contains(err.Error(), "all 4 networks of the pool 10.192.0.0/18 are taken") {
		t.Errorf("With = %v, want that the pool is empty", err)
	}
}

func TestKeeping_frees_a_network_with_its_last_stack(t *testing.T) {
	shop, blog := of("shop", "a", "shared name=common"), of("blog", "shared name=common")
	l := claimed(t, Ledger{}, small, shop, blog)
	for _, step := range []struct {
		owner  string
		models []stack.Stack
		want   string
	}{
		{"shop", []stack.Stack{shop}, "common 10.192.16.0/20/26 100002 blog+shop\nshop_a 10.192.0.0/20/26 100001 shop"},
		{"shop", []stack.Stack{of("shop", "shared name=common"), shop}, "common 10.192.16.0/20/26 100002 blog+shop\nshop_a 10.192.0.0/20/26 100001 shop"},
		{"shop", []stack.Stack{of("shop", "a")}, "common 10.192.16.0/20/26 100002 blog\nshop_a 10.192.0.0/20/26 100001 shop"},
		{"shop", nil, "common 10.192.16.0/20/26 100002 blog"},
		{"blog", nil, ""},
	} {
		if l = l.Keeping(step.owner, step.models...); written(l) != step.want {
			t.Fatalf("after %s keeps those of %d releases:\n%s\nwant\n%s", step.owner, len(step.models), written(l), step.want)
		}
	}
}

func TestWith_prefers_what_a_former_release_had(t *testing.T) {
	l := claimed(t, Ledger{}, small, of("blog", "a"))
	former := map[string]netip.Prefix{"a": netip.MustParsePrefix("10.192.0.0/20"), "b": netip.MustParsePrefix("10.192.48.0/20")}
	l, _, err := l.With(of("shop", "a", "b"), small, former, nil)
	if got, want := written(l), "blog_a 10.192.0.0/20/26 100001 blog\nshop_a 10.192.16.0/20/26 100002 shop\nshop_b 10.192.48.0/20/26 100003 shop"; err != nil || got != want {
		t.Errorf("With = %v,\n%s\nwant\n%s", err, got, want)
	}
}

// Whatever comes and goes, no two networks overlap or share a VNI, and nothing is lost.
func TestLedger_has_no_two_that_overlap(t *testing.T) {
	l := Ledger{}
	for i := range 400 {
		name := fmt.Sprintf("s%d", i*7%23)
		if i%3 == 2 {
			l = l.Keeping(name)
			continue
		}
		next, _, err := l.With(of(name, "a", "b", fmt.Sprintf("c 10.192.%d.0/24", i*5%256)), DefaultPool, nil, nil)
		if err == nil {
			l = next
		}
		seen := map[uint32]string{}
		for a, one := range l.Networks {
			if other, is := seen[one.VNI]; is {
				t.Fatalf("step %d: %s and %s have VNI %d", i, a, other, one.VNI)
			}
			seen[one.VNI] = a
			for b, two := range l.Networks {
				if a != b && one.Subnet.Overlaps(two.Subnet) {
					t.Fatalf("step %d: %s has %s, and %s %s", i, a, one.Subnet, b, two.Subnet)
				}
			}
		}
	}
	if len(l.Networks) == 0 {
		t.Error("nobody has a network at the end")
	}
}

func TestParsePool_names_what_is_wrong(t *testing.T) {
	for cidr, want := range map[string]string{
		"10.192.0.0/11": "", "10.64.0.0/20": "",
		"ten":           `pool of stacks' networks: "ten" is no network`,
		"fd00::/48":     "pool of stacks' networks, fd00::/48: it is no IPv4 network",
		"10.192.1.0/16": "pool of stacks' networks, 10.192.1.0/16: it has host bits set; the network is 10.192.0.0/16",
		"10.192.0.0/24": "pool of stacks' networks, 10.192.0.0/24: it has no room for a network, which is a /20",
	} {
		if _, err := ParsePool(cidr); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("ParsePool(%s) = %v, want %q", cidr, err, want)
		}
	}
}

func TestName_is_one_that_hosts_take(t *testing.T) {
	for name, want := range map[string]string{
		"shop_default": "shop_default",
		"default":      "default-37a8eec1",
		"My Net":       "my-net-",
		"9lives":       "n9lives-",
		"a-very-long-name-of-a-stack_and-of-its-network": "a-very-long-name-of-a-s-",
	} {
		got := Name(name)
		n := overlay.Network{Name: got, CIDR: DefaultPool.CIDR, SubnetLength: 24, VNI: 1}
		if !strings.HasPrefix(got, want) || n.Check() != nil {
			t.Errorf("Name(%q) = %s, want %s..., which is right: %v", name, got, want, n.Check())
		}
	}
	if Name("My Net") == Name("my net") {
		t.Error("two names are one on the hosts")
	}
}

func TestArguments(t *testing.T) {
	_, claims, err := Ledger{}.With(of("shop", "front", "back internal"), DefaultPool, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"back":  `{"cidr":"10.192.0.0/20","domains":["_back.shop.s.example.com","shop.s.example.com"],"internal":true,"name":"shop_back","state":"present","subnet_length":26,"vni":100001}`,
		"front": `{"cidr":"10.192.16.0/20","domains":["_front.shop.s.example.com","shop.s.example.com"],"name":"shop_front","state":"present","subnet_length":26,"vni":100002}`,
	} {
		got, err := json.Marshal(claims[key].Arguments("shop_"+key, Domains("shop", key, "s.example.com")))
		if err != nil || string(got) != want {
			t.Errorf("arguments of %s = %s, %v, want\n%s", key, got, err, want)
		}
	}
}

func TestOrder_has_the_way_out_first(t *testing.T) {
	s := of("shop", "b", "a internal", "c external", "d")
	for _, tt := range []struct {
		in   map[string]spec.Network
		want string
	}{
		{map[string]spec.Network{"a": {}, "b": {}, "c": {}, "d": {}}, "[b d c a]"},
		{map[string]spec.Network{"a": {}, "c": {Priority: 1}, "d": {}}, "[c d a]"},
	} {
		s.Services = map[string]stack.Service{"web": {Networks: tt.in}}
		if got := fmt.Sprint(Order(s, "web")); got != tt.want {
			t.Errorf("Order = %s, want %s", got, tt.want)
		}
	}
}
