package roster

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"rundock/internal/registry"
)

// SameName is why a host does not join: another one has its host name, as hosts
// have that were made of one image and given ids of their own. Services are
// announced by that name, so one host's records would keep out the other's. A
// host that is in the network already stays.
type SameName struct {
	Network string
	Other   Member
	Alive   bool
	Lease   time.Duration
}

func (s *SameName) Error() string {
	text := "is alive"
	if !s.Alive {
		text = "has just joined"
	}
	return fmt.Sprintf("network %s: a host at %s, which has %s and %s, is called %s as this host is: give each host a name of its own, "+
		"in the inventory and by hostnamectl set-hostname; if it is this host with a former machine id, it is let in %s after that was last seen",
		s.Network, s.Other.Underlay, s.Other.Subnet, text, s.Other.Host, s.Lease)
}

// checkName returns a *SameName if another host has this one's name, and is alive or
// has joined so lately that it may be about to say so.
func (r *Roster) checkName(b *Book) error {
	if m := r.sameName(b); m != nil {
		return &SameName{r.Network.Name, *m, b.alive[m.ID], r.lease()}
	}
	return nil
}

func (r *Roster) sameName(b *Book) *Member {
	for _, m := range b.members() {
		if m.ID != r.Self.ID && m.Host == r.Self.Host && m.Host != "" && (b.alive[m.ID] || !m.Stopped && time.Since(m.Seen) < r.lease()) {
			return m
		}
	}
	return nil
}

// yieldToFirst gives the subnet that this host has just got back if another one of its
// name has got one at the same time, and comes before it: one of them sees the
// other.
func (r *Roster) yieldToFirst(ctx context.Context, subnet netip.Prefix) error {
	list, err := r.list(ctx, Prefix(r.Network.Name))
	if err != nil {
		return err
	}
	b := r.book(list)
	other, own := r.sameName(b), b.subnets[subnet]
	if other == nil || own == nil || cmp.Or(own.Seen.Compare(other.Seen), cmp.Compare(own.ID, other.ID)) < 0 {
		return nil
	}
	if _, err := r.Client.Swap(ctx, registry.Swap{Key: r.subnetKey(subnet), Old: b.raw[subnet]}); err != nil {
		return err
	}
	return &SameName{r.Network.Name, *other, b.alive[other.ID], r.lease()}
}
