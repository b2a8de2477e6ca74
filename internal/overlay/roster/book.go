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

// Book is what the registry holds of a network, folded from a watch. What is
// written there by hand and makes no sense is left out, but its subnet counts
// as taken.
type Book struct {
	network overlay.Network
	self    Member
	subnets map[netip.Prefix]Member
	raw     map[netip.Prefix][]byte // by subnet, the value as it stands there
	alive   map[string]bool         // by machine id
}

// NewBook returns an empty book of self's.
func NewBook(n overlay.Network, self Member) *Book {
	return &Book{n, self, map[netip.Prefix]Member{}, map[netip.Prefix][]byte{}, map[string]bool{}}
}

// Fold takes in a batch.
func (b *Book) Fold(batch registry.Batch) {
	if batch.Complete {
		clear(b.subnets)
		clear(b.raw)
		clear(b.alive)
	}
	for _, c := range batch.Changes {
		kind, name, _ := strings.Cut(strings.TrimPrefix(c.Key, Prefix(b.network.Name)), "/")
		switch kind {
		case "alive":
			if b.alive[name] = true; c.Value == nil {
				delete(b.alive, name)
			}
		case "subnets":
			b.subnet(name, c.Value)
		}
	}
}

func (b *Book) subnet(name string, value []byte) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return
	}
	subnet, err := netip.ParsePrefix(name[:i] + "/" + name[i+1:])
	if err != nil {
		return
	}
	delete(b.subnets, subnet)
	delete(b.raw, subnet)
	if value == nil {
		return
	}
	b.raw[subnet] = value
	var m Member
	if err := json.Unmarshal(value, &m); err != nil || m.Subnet != subnet || m.ID == "" {
		return
	}
	if _, err := b.network.Index(subnet); err != nil {
		return
	}
	b.subnets[subnet] = m
}

// members returns all, sorted by subnet.
func (b *Book) members() []Member {
	return slices.SortedFunc(maps.Values(b.subnets), func(a, b Member) int { return a.Subnet.Compare(b.Subnet) })
}

// Own returns this host's entry.
func (b *Book) Own() (Member, bool) {
	for _, m := range b.members() {
		if m.ID == b.self.ID {
			return m, true
		}
	}
	return Member{}, false
}

// Peers returns the other hosts that are alive and can be reached over this
// host's underlay, sorted by subnet.
func (b *Book) Peers() []Member {
	return slices.DeleteFunc(b.members(), func(m Member) bool {
		return m.ID == b.self.ID || !b.alive[m.ID] || !m.Underlay.IsValid() || m.Underlay.Is4() != b.self.Underlay.Is4()
	})
}
