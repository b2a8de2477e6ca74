package lab

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	t.Run("the default lab has one front and two back hosts", func(t *testing.T) {
		private, public := networks("rd")
		want := []Host{
			{Name: "node-front-1", Front: true, Private: private.at(11), Public: public.at(11)},
			{Name: "node-back-1", Private: private.at(21)},
			{Name: "node-back-2", Private: private.at(22)},
		}
		if got := plan("rd", defaultHosts); !slices.Equal(got, want) {
			t.Errorf("plan(rd, %d) = %v, want %v", defaultHosts, got, want)
		}
	})
	t.Run("a host's place does not depend on how many there are", func(t *testing.T) {
		if few, many := plan("rd", 3), plan("rd", MaxHosts); !slices.Equal(few, many[:3]) {
			t.Errorf("plan(rd, 3) = %v, but plan(rd, %d) starts with %v", few, MaxHosts, many[:3])
		}
	})
	t.Run("the largest lab has distinct addresses, names, ports and MACs, all valid", func(t *testing.T) {
		private, public := networks("abcdefgh")
		seen := map[string]string{
			private.at(atSwitch).String(): "switch", private.at(atOperator).String(): "operator",
			public.at(atSwitch).String(): "switch", public.at(atOperator).String(): "operator",
		}
		claim := func(what, by string) {
			if other, taken := seen[what]; taken {
				t.Errorf("%s of %s is also of %s", what, by, other)
			}
			seen[what] = by
		}
		for _, h := range plan("abcdefgh", MaxHosts) {
			claim(h.Name, h.Name)
			for _, n := range h.nics(private, public) {
				claim(n.addr.Addr().String(), h.Name)
				claim(n.mac, h.Name)
				claim(n.port, h.Name)
				if len(n.port) > 15 {
					t.Errorf("port %s: %d characters, the kernel takes 15", n.port, len(n.port))
				}
				if b := n.addr.Addr().As4(); b[3] == 255 {
					t.Errorf("%s has the broadcast address %s", h.Name, n.addr)
				}
			}
		}
	})
	t.Run("labs side by side have networks of their own", func(t *testing.T) {
		a, _ := networks("rd")
		b, _ := networks("labtest")
		if a.prefix.Overlaps(b.prefix) {
			t.Errorf("networks of rd and labtest are both %s", a.prefix)
		}
	})
}

func TestPlace(t *testing.T) {
	for i, h := range plan("rd", MaxHosts) {
		if got, ok := place(h.Name); !ok || got != i {
			t.Errorf("place(%s) = %d, %v, want %d", h.Name, got, ok, i)
		}
	}
	for _, name := range []string{"", "node-front-2", "node-back-0", "node-back-01", "node-back-200", "node-back--1", ".node-back-1", "x"} {
		if i, ok := place(name); ok {
			t.Errorf("place(%q) = %d, want none", name, i)
		}
	}
}

func TestNics(t *testing.T) {
	private, public := networks("rd")
	hosts := plan("rd", 2)
	devices := func(h Host) string {
		var all []string
		for _, n := range h.nics(private, public) {
			all = append(all, n.device+" "+n.bridge)
		}
		return strings.Join(all, ", ")
	}
	if got, want := devices(hosts[0]), "eth0 br-pub, eth1 br-prv"; got != want {
		t.Errorf("front host has %s, want %s", got, want)
	}
	if got, want := devices(hosts[1]), "eth0 br-prv"; got != want {
		t.Errorf("back host has %s, want %s", got, want)
	}
}

func TestWanted(t *testing.T) {
	three := plan("rd", 3)
	for _, c := range []struct {
		claim   string
		o       Options
		have    []Host
		flavour Flavour
		count   int
		got     Flavour
		err     string
	}{
		{"a new lab has three prepared hosts", Options{}, nil, "", 3, Prepared, ""},
		{"a lab stays as it is unless asked", Options{}, plan("rd", 5), Bare, 5, Bare, ""},
		{"a lab grows", Options{Hosts: 4}, three, Prepared, 4, Prepared, ""},
		{"a lab does not shrink under its services", Options{Hosts: 2}, three, Prepared, 0, "", "node-back-2"},
		{"hosts do not change flavour", Options{Flavour: Bare}, three, Prepared, 0, "", "prepared hosts, not bare"},
		{"an unknown flavour is named", Options{Flavour: "x"}, nil, "", 0, "", `flavour "x"`},
		{"too many hosts are refused", Options{Hosts: MaxHosts + 1}, nil, "", 0, "", "want 1 to 200"},
		{"a host to be without Python must exist", Options{NoPython: []string{"node-back-9"}}, nil, "", 0, "", "node-back-9"},
		{"a host may be of another release", Options{Releases: map[string]string{"node-back-2": "forky"}}, nil, "", 3, Prepared, ""},
		{"a host to be of a release must exist", Options{Releases: map[string]string{"node-back-9": "forky"}}, nil, "", 0, "", "no host node-back-9 to be of Debian forky"},
		{"a release is a name", Options{Releases: map[string]string{"node-back-2": "../x"}}, nil, "", 0, "", `release "../x" of node-back-2`},
	} {
		t.Run(c.claim, func(t *testing.T) {
			hosts, flavour, err := c.o.wanted("rd", c.have, c.flavour)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error = %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil || len(hosts) != c.count || flavour != c.got {
				t.Errorf("wanted = %d %s hosts, %v, want %d %s ones", len(hosts), flavour, err, c.count, c.got)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	for _, id := range []string{"RD", "9a", "a-b", "abcdefghi"} {
		if _, err := (Config{ID: id, Dir: "/x"}).complete(); err == nil || !strings.Contains(err.Error(), id) {
			t.Errorf("id %q: error %v, want one that names it", id, err)
		}
	}
	if _, err := (Config{State: "/a,b", Dir: "/x"}).complete(); err == nil {
		t.Error("state folder /a,b was taken; a mount cannot name it")
	}
	c, err := Config{}.complete()
	if err != nil || c.ID != "rd" || !strings.HasSuffix(c.Dir, "/.lab") {
		t.Errorf("the zero Config = %+v, %v, want lab rd in .lab", c, err)
	}
	c, err = Config{ID: "x"}.complete()
	if err != nil || !strings.HasSuffix(c.Dir, "/.lab/x") {
		t.Errorf("lab x = %+v, %v, want its files in .lab/x", c, err)
	}
}

// withAddresses replaces the addresses that come out of a hash of the id.
func withAddresses(hosts []Host) []Host {
	for i := range hosts {
		hosts[i].Private = netip.AddrFrom4([4]byte{10, 77, 1, byte(11 + i)})
		if hosts[i].Front {
			hosts[i].Public = netip.AddrFrom4([4]byte{10, 78, 1, byte(11 + i)})
		}
	}
	return hosts
}
