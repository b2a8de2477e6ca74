package roster

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"rundock/internal/overlay"
	"rundock/internal/registry"
)

// Book is what the store holds of a network, folded from a watch. What is
// written there by hand and makes no sense is left out, but its subnet counts
// as taken.
type Book struct {
	network overlay.Network
	self    Member
	subnets map[netip.Prefix]*Member  // never changed, only replaced: Follow has them as well
	owned   map[string][]netip.Prefix // by machine id; more than one by hand only
	raw     map[netip.Prefix][]byte   // by subnet, the value as it stands there; nil: nobody needs it
	alive   map[string]bool           // by machine id
}

// NewBook returns an empty book of self's.
func NewBook(n overlay.Network, self Member) *Book {
	return &Book{n, self, map[netip.Prefix]*Member{}, map[string][]netip.Prefix{}, map[netip.Prefix][]byte{}, map[string]bool{}}
}

// Fold takes in a batch and returns the subnets whose hosts it is about; of a
// complete one those that have a host now.
func (b *Book) Fold(batch registry.Batch) []netip.Prefix {
	if batch.Complete {
		clear(b.subnets)
		clear(b.owned)
		clear(b.raw)
		clear(b.alive)
	}
	var about []netip.Prefix
	for _, c := range batch.Changes {
		kind, name, _ := strings.Cut(strings.TrimPrefix(c.Key, Prefix(b.network.Name)), "/")
		switch kind {
		case "alive":
			if b.alive[name] = true; c.Value == nil {
				delete(b.alive, name)
			}
			about = append(about, b.owned[name]...)
		case "subnets":
			if subnet, ok := b.subnet(name, c.Value); ok {
				about = append(about, subnet)
			}
		}
	}
	return about
}

func (b *Book) subnet(name string, value []byte) (netip.Prefix, bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return netip.Prefix{}, false
	}
	subnet, err := netip.ParsePrefix(name[:i] + "/" + name[i+1:])
	if err != nil {
		return netip.Prefix{}, false
	}
	if had, ok := b.subnets[subnet]; ok {
		b.owned[had.ID] = slices.DeleteFunc(b.owned[had.ID], func(p netip.Prefix) bool { return p == subnet })
		if len(b.owned[had.ID]) == 0 {
			delete(b.owned, had.ID)
		}
	}
	delete(b.subnets, subnet)
	delete(b.raw, subnet)
	if value == nil {
		return subnet, true
	}
	if b.raw != nil {
		b.raw[subnet] = value
	}
	m := new(Member)
	if err := json.Unmarshal(value, m); err != nil || m.Subnet != subnet || m.ID == "" {
		return subnet, true
	}
	if _, err := b.network.Index(subnet); err != nil {
		return subnet, true
	}
	b.subnets[subnet] = m
	b.owned[m.ID] = append(b.owned[m.ID], subnet)
	return subnet, true
}

// members returns all, sorted by subnet.
func (b *Book) members() []*Member {
	return slices.SortedFunc(maps.Values(b.subnets), func(a, b *Member) int { return a.Subnet.Compare(b.Subnet) })
}

// Own returns this host's entry, which may be one of before its last boot.
func (b *Book) Own() (Member, bool) {
	own := slices.DeleteFunc(slices.Clone(b.owned[b.self.ID]), func(p netip.Prefix) bool { return b.namesake(b.subnets[p]) })
	if len(own) == 0 {
		return Member{}, false
	}
	return *b.subnets[slices.MinFunc(own, netip.Prefix.Compare)], true
}

// byUnderlay returns a living host that has this underlay address.
func (b *Book) byUnderlay(underlay netip.Addr) (*Member, bool) {
	for _, m := range b.subnets {
		if m.Underlay == underlay && b.alive[m.ID] {
			return m, true
		}
	}
	return nil, false
}

// peer returns the host that has a subnet, if it is another, and alive.
func (b *Book) peer(subnet netip.Prefix) (*Member, bool) {
	m, ok := b.other(subnet)
	return m, ok && b.alive[m.ID]
}

// doubtful returns the host that has a subnet if it is not known to be alive,
// and has not said that it stops.
func (b *Book) doubtful(subnet netip.Prefix) (*Member, bool) {
	m, ok := b.other(subnet)
	return m, ok && !b.alive[m.ID] && !m.Stopped
}

// other returns the host that has a subnet, if it is another.
func (b *Book) other(subnet netip.Prefix) (*Member, bool) {
	m, ok := b.subnets[subnet]
	return m, ok && (m.ID != b.self.ID || b.namesake(m)) && m.Underlay.IsValid()
}
