package network

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"rundock/internal/overlay"
	"rundock/internal/registry"
	"rundock/internal/stack"
)

// Version is that of the ledger's format.
const Version = 1

// Ledger is who has which subnet and VNI. It is not modified: what changes it returns
// another one.
type Ledger struct {
	Version  int              `json:"version"`
	Networks map[string]Claim `json:"networks"` // by name on the hosts, see Name
}

// Claim is what a network has, as long as a stack keeps it.
type Claim struct {
	Subnet       netip.Prefix `json:"subnet"`
	SubnetLength int          `json:"subnet_length"` // of a host's part
	VNI          uint32       `json:"vni"`
	Internal     bool         `json:"internal,omitempty"` // no way out of it
	Stacks       []string     `json:"stacks"`             // who keep it, sorted
}

// ParseLedger reads a ledger; nil is one without networks.
func ParseLedger(value []byte) (Ledger, error) {
	l := Ledger{Version: Version}
	if value == nil {
		return l, nil
	}
	if err := registry.Decode(value, &l); err != nil {
		return l, fmt.Errorf("%s: %w", Key, err)
	}
	if l.Version != Version {
		return l, fmt.Errorf("%s: version is %d, this release reads %d", Key, l.Version, Version)
	}
	return l, nil
}

// With is l once a stack has all its own networks, and what these are, by key of
// Model.Networks. A network that it has already stays as it is, whatever the pool is
// now. preferred are, by key, subnets that a former release had, which it gets where
// they are free. inventory are overlay networks that are no stack's. An error names the
// network, and what is in its way.
func (l Ledger) With(model stack.Stack, p Pool, preferred map[string]netip.Prefix, inventory []overlay.Network) (Ledger, map[string]Claim, error) {
	l.Networks = maps.Clone(l.Networks)
	if l.Networks == nil {
		l.Networks = map[string]Claim{}
	}
	all := map[string]Claim{}
	var wrong []error
	for _, key := range slices.Sorted(maps.Keys(model.Networks)) {
		n := model.Networks[key]
		if n.External {
			continue
		}
		c, err := l.claim(model.Name, n, p, preferred[key], inventory)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("network %s: %w", key, err))
			continue
		}
		all[key], l.Networks[Name(n.Name)] = c, c
	}
	return l, all, errors.Join(wrong...)
}

// claim is what one network of a stack has from now on.
func (l Ledger) claim(owner string, n stack.Network, p Pool, preferred netip.Prefix, inventory []overlay.Network) (Claim, error) {
	fixed, err := fixedSubnet(n)
	if err != nil {
		return Claim{}, err
	}
	name := Name(n.Name)
	has, there := l.Networks[name]
	switch {
	case !there:
		return l.fresh(owner, n, p, fixed, preferred, inventory)
	case fixed.IsValid() && fixed != has.Subnet:
		return has, fmt.Errorf("its subnet is %s, and cannot become %s while containers are in it: deploy the stack without this network first, or give the new one another name", has.Subnet, fixed)
	case n.Internal != has.Internal && !slices.Equal(has.Stacks, []string{owner}):
		return has, fmt.Errorf("internal is %t here, and %t in %s, which has the same network, %s", n.Internal, has.Internal, strings.Join(without(has.Stacks, owner), ", "), name)
	case n.Internal != has.Internal:
		return has, fmt.Errorf("its internal is %t, and cannot become %t while containers are in it: deploy the stack without this network first, or give the new one another name", has.Internal, n.Internal)
	}
	has.Stacks = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(has.Stacks), owner))))
	return has, nil
}

// fresh is what a network has that nobody has yet.
func (l Ledger) fresh(owner string, n stack.Network, p Pool, fixed, preferred netip.Prefix, inventory []overlay.Network) (Claim, error) {
	c := Claim{Subnet: fixed, Internal: n.Internal, Stacks: []string{owner}}
	var subnets []netip.Prefix
	vnis := map[uint32]bool{}
	for _, o := range inventory {
		switch {
		case o.Name != Name(n.Name):
		case !strings.HasPrefix(n.Name, owner+"_"):
			return c, fmt.Errorf("%s is an overlay network of the inventory: external: true uses it", o.Name)
		case fixed.IsValid() && fixed != o.CIDR || n.Internal != o.Internal:
			return c, fmt.Errorf("%s is %s yet on hosts that are away, with internal %t: it can be otherwise once they are back, or removed for good", o.Name, o.CIDR, o.Internal)
		default: // the stack's own of before, which hosts have that are away
			c.Subnet, c.SubnetLength, c.VNI = o.CIDR, o.SubnetLength, o.VNI
			return c, c.overlay(Name(n.Name)).Check()
		}
		subnets, vnis[o.VNI] = append(subnets, o.CIDR), true
	}
	for _, other := range l.Networks {
		subnets, vnis[other.VNI] = append(subnets, other.Subnet), true
	}
	ok := true
	if _, overlaps := overlapping(preferred, subnets); preferred.IsValid() && !overlaps && !fixed.IsValid() {
		c.Subnet = preferred
	} else if !fixed.IsValid() {
		if c.Subnet, ok = p.free(subnets); !ok {
			return c, fmt.Errorf("all %d networks of the pool %s are taken: remove stacks, or give rundock_stack_pool more room", p.subnets(), p.CIDR)
		}
	}
	if taken, overlaps := overlapping(c.Subnet, subnets); overlaps {
		return c, fmt.Errorf("its subnet %s overlaps %s of network %s", c.Subnet, taken, l.whose(taken, inventory))
	}
	if c.VNI, ok = p.freeVNI(vnis); !ok {
		return c, fmt.Errorf("all VNIs from %d to %d are taken", p.FirstVNI, p.LastVNI)
	}
	c.SubnetLength = p.partLength(c.Subnet)
	return c, c.overlay(Name(n.Name)).Check()
}

// whose is the name of the network that has a subnet.
func (l Ledger) whose(subnet netip.Prefix, inventory []overlay.Network) string {
	for _, o := range inventory {
		if o.CIDR == subnet {
			return o.Name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Networks)) {
		if l.Networks[name].Subnet == subnet {
			return name
		}
	}
	return "another stack's"
}

// Keeping is l once a stack has, of the networks that it has now, those of these models
// alone: of its current release, and of one that is under way. Without models it has
// none. A network that nobody has is not in it.
func (l Ledger) Keeping(owner string, models ...stack.Stack) Ledger {
	needed := map[string]bool{}
	for _, m := range models {
		for _, n := range m.Networks {
			if !n.External {
				needed[Name(n.Name)] = true
			}
		}
	}
	kept := map[string]Claim{}
	for name, c := range l.Networks {
		if !needed[name] {
			c.Stacks = without(c.Stacks, owner)
		}
		if len(c.Stacks) > 0 {
			kept[name] = c
		}
	}
	l.Networks = kept
	return l
}

// Has reports whether a stack keeps a network.
func (l Ledger) Has(owner string) bool {
	for _, c := range l.Networks {
		if slices.Contains(c.Stacks, owner) {
			return true
		}
	}
	return false
}

// fixedSubnet is the one that the file names; not valid without.
func fixedSubnet(n stack.Network) (netip.Prefix, error) {
	if len(n.Subnets) == 0 {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(n.Subnets[0])
	if err != nil {
		return p, fmt.Errorf("subnet %q: %w", n.Subnets[0], err)
	}
	return p.Masked(), nil
}

func without(stacks []string, owner string) []string {
	return slices.DeleteFunc(slices.Clone(stacks), func(s string) bool { return s == owner })
}

// Key is where the ledger is.
const Key = "/rundock/v1/networks"

// nameLength is how long the name of an overlay network may be.
const nameLength = 32

// Name is what hosts, and Docker there, call a network whose name in the model is name:
// the same, where an overlay network may have it. Else it is as much of it as one may,
// and a digest that tells it from others.
func Name(name string) string {
	if overlay.IsName(name) && !overlay.IsReserved(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "-" + hex.EncodeToString(sum[:4])
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '-':
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if plain == "" || plain[0] < 'a' || plain[0] > 'z' {
		plain = "n" + plain
	}
	return plain[:min(len(plain), nameLength-len(tail))] + tail
}

// overlay is the network of that name as all its hosts have it.
func (c Claim) overlay(name string) overlay.Network {
	return overlay.Network{Name: name, CIDR: c.Subnet, SubnetLength: c.SubnetLength, VNI: c.VNI, Internal: c.Internal}
}

// Arguments are those of module rundock_overlay by which a host joins a network of the
// model's name. domains are where names are looked for that its containers ask for
// without a domain, see Domains.
func (c Claim) Arguments(name string, domains []string) map[string]any {
	all := map[string]any{"state": "present", "name": Name(name), "cidr": c.Subnet.String(), "subnet_length": c.SubnetLength, "vni": c.VNI}
	if c.Internal {
		all["internal"] = true
	}
	if len(domains) > 0 {
		all["domains"] = domains
	}
	return all
}
