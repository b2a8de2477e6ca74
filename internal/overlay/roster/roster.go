// Package roster is who takes part in an overlay network, as the store
// knows it: the configuration that all hosts share, which host has which
// subnet, and which hosts are alive.
//
//	/rundock/v1/overlay/apps/config                   overlay.Network as JSON
//	/rundock/v1/overlay/apps/subnets/10.42.3.0-24     Member as JSON, of the host that has it
//	/rundock/v1/overlay/apps/alive/<machine id>       under a lease, while the host's agent runs
//
// A subnet stays a host's while it is down, so that its containers find their
// addresses again. Every write names what it replaces: of two hosts that want
// the same, one gets it, and one that was frozen for a day overwrites nobody.
package roster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/registry"
)

// Member is a host of the network.
type Member struct {
	ID       string       `json:"id"`   // of the machine
	Host     string       `json:"host"` // its name, for people
	Subnet   netip.Prefix `json:"subnet"`
	Underlay netip.Addr   `json:"underlay"`
	MAC      overlay.MAC  `json:"mac"`                // of its VXLAN device
	Instance string       `json:"instance,omitempty"` // of the machine since its boot, which none made of its image has
	Seen     time.Time    `json:"seen"`
	Stopped  bool         `json:"stopped,omitempty"` // its agent has left on purpose, and is not merely unheard of
}

// Peer is what another host needs to know of m.
func (m Member) Peer() overlay.Peer {
	return overlay.Peer{Host: m.Host, Subnet: m.Subnet, Underlay: m.Underlay, MAC: m.MAC}
}

// Defaults of Roster's settings.
const (
	DefaultLease   = 15 * time.Second
	DefaultReclaim = 24 * time.Hour
)

// goodbye bounds what is written when a host stops.
const goodbye = 3 * time.Second

// Roster is one host's view of one network, and its place in it.
type Roster struct {
	Client  registry.Store
	Network overlay.Network
	Self    Member // without Subnet and Seen
	Log     *slog.Logger

	// Silence returns when a host answers nothing any more on the data path, or
	// when ctx is done. nil: none does.
	Silence func(context.Context, Member)
	Before  []overlay.Peer // that this host sent to before Follow: those that answer it goes on with

	Lease   time.Duration // a host is alive for so long after its agent vanished; 0: DefaultLease
	Reclaim time.Duration // a dead host keeps its subnet for so long when there is no other; 0: DefaultReclaim
}

func (r *Roster) lease() time.Duration {
	if r.Lease != 0 {
		return r.Lease
	}
	return DefaultLease
}

func (r *Roster) reclaim() time.Duration {
	if r.Reclaim != 0 {
		return r.Reclaim
	}
	return DefaultReclaim
}

// AllPrefix begins all keys of all networks.
const AllPrefix = "/rundock/v1/overlay/"

// Prefix begins all keys of a network.
func Prefix(network string) string { return AllPrefix + network + "/" }

func (r *Roster) configKey() string { return Prefix(r.Network.Name) + "config" }

func (r *Roster) subnetKey(subnet netip.Prefix) string {
	return Prefix(r.Network.Name) + "subnets/" + strings.ReplaceAll(subnet.String(), "/", "-")
}

func (r *Roster) aliveKey(id string) string { return Prefix(r.Network.Name) + "alive/" + id }

func (r *Roster) list(ctx context.Context, prefix string) ([]registry.Change, error) {
	keys, _, err := r.Client.List(ctx, prefix)
	var changes []registry.Change
	for _, k := range keys {
		changes = append(changes, registry.Change{Key: k.Key, Value: k.Value})
	}
	return changes, err
}

// book is what all keys of the network say.
func (r *Roster) book(list []registry.Change) *Book {
	b := NewBook(r.Network, r.Self)
	b.Fold(registry.Batch{Complete: true, Changes: list})
	return b
}

// Reserve returns the subnet of this host: the one it has, with its entry
// brought up to date, or else prefer if that is free or this host's by its
// former machine id, or another free one, or at last one of a host that is dead
// for longer than Reclaim.
func (r *Roster) Reserve(ctx context.Context, prefer netip.Prefix) (netip.Prefix, error) {
	for {
		list, err := r.list(ctx, Prefix(r.Network.Name))
		if err != nil {
			return netip.Prefix{}, err
		}
		b := r.book(list)
		subnet, old, err := r.choose(b, prefer)
		if err != nil {
			return netip.Prefix{}, err
		}
		self := r.Self
		self.Subnet, self.Seen = subnet, time.Now().UTC().Truncate(time.Second)
		ours, err := json.Marshal(self)
		if err != nil {
			return netip.Prefix{}, err
		}
		if bytes.Equal(old, ours) {
			return subnet, nil
		}
		swap := registry.Swap{Key: r.subnetKey(subnet), Old: old, New: ours}
		if had, ok := b.subnets[subnet]; ok && !b.isOwn(had) {
			swap.Absent = []string{r.aliveKey(had.ID)}
		}
		won, err := r.Client.Swap(ctx, swap)
		if err != nil {
			return netip.Prefix{}, err
		}
		_, known := b.Own()
		if won && !known {
			err = r.yieldToFirst(ctx, subnet)
		}
		if won {
			return subnet, err
		}
		if err := ctx.Err(); err != nil {
			return netip.Prefix{}, err
		}
	}
}

// choose returns a subnet and the value that its key has now, nil if it is free.
func (r *Roster) choose(b *Book, prefer netip.Prefix) (netip.Prefix, []byte, error) {
	if err := r.checkMachineID(b); err != nil {
		return netip.Prefix{}, nil, err
	}
	if own, ok := b.Own(); ok {
		return own.Subnet, b.raw[own.Subnet], nil
	}
	if m, ok := b.subnets[prefer]; ok && m.Underlay == r.Self.Underlay && !b.alive[m.ID] {
		r.Log.Warn("this host has another machine id than before, and keeps its subnet", "network", r.Network.Name, "subnet", prefer, "former", m.ID)
		return prefer, b.raw[prefer], nil
	}
	if m, ok := b.byUnderlay(r.Self.Underlay); ok {
		return netip.Prefix{}, nil, fmt.Errorf("network %s: %s has the underlay address %s as well, and is alive: give each host one of its own; if it is this host with a former machine id, it is let in %s after that was last seen",
			r.Network.Name, m.Host, m.Underlay, r.lease())
	}
	if err := r.checkName(b); err != nil {
		return netip.Prefix{}, nil, err
	}
	if err := r.checkFamily(b); err != nil {
		return netip.Prefix{}, nil, err
	}
	free := func(subnet netip.Prefix) bool { _, taken := b.raw[subnet]; return !taken }
	if _, err := r.Network.Index(prefer); err == nil && free(prefer) {
		return prefer, nil, nil
	}
	// Hosts that come together try different ones, each its own first.
	count := r.Network.Subnets()
	hash := fnv.New32a()
	hash.Write([]byte(r.Self.ID))
	first := int(hash.Sum32() % uint32(count))
	for i := range count {
		if subnet := r.Network.Subnet((first + i) % count); free(subnet) {
			return subnet, nil, nil
		}
	}
	dead := slices.DeleteFunc(b.members(), func(m *Member) bool {
		return b.alive[m.ID] || time.Since(m.Seen) < r.reclaim()
	})
	if len(dead) == 0 {
		return netip.Prefix{}, nil, fmt.Errorf("network %s: all %d subnets of %s are taken, and none by a host that is dead for %s", r.Network.Name, count, r.Network.CIDR, r.reclaim())
	}
	longest := slices.MinFunc(dead, func(a, b *Member) int { return a.Seen.Compare(b.Seen) })
	r.Log.Warn("no subnet is free, taking that of a dead host", "network", r.Network.Name, "subnet", longest.Subnet, "host", longest.Host, "seen", longest.Seen)
	return longest.Subnet, b.raw[longest.Subnet], nil
}

// Alive says that this host is alive until ctx is done, and tells on how that
// stands; then it says in its entry that it stops, and takes its key away. With the cause
// registry.ErrHandOver it leaves all that to a successor.
func (r *Roster) Alive(ctx context.Context, on func(registry.HoldState)) error {
	lease, err := r.Client.NewLease(r.lease())
	if err != nil {
		return err
	}
	value, err := json.Marshal(map[string]string{"id": r.Self.ID, "host": r.Self.Host})
	if err != nil {
		return err
	}
	// Its key goes last: without it alone the others would ask whether it is dead.
	holding, end := context.WithCancelCause(context.WithoutCancel(ctx))
	var unsaid error
	defer context.AfterFunc(ctx, func() {
		if context.Cause(ctx) != registry.ErrHandOver {
			unsaid = r.noteStopped(ctx)
		}
		end(context.Cause(ctx))
	})()
	running := make(chan error, 1)
	go func() { running <- lease.Run(holding) }()
	err = lease.Hold(holding, []registry.Item{{Key: r.aliveKey(r.Self.ID), Value: value, ID: r.Self.ID}}, on)
	if e := <-running; err == nil {
		err = e
	}
	return errors.Join(err, unsaid)
}

// noteStopped notes in this host's entry that it has left on purpose: that its key
// is gone does not tell so.
func (r *Roster) noteStopped(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	for {
		list, err := r.list(ctx, Prefix(r.Network.Name)+"subnets/")
		if err != nil {
			return err
		}
		b := r.book(list)
		own, ok := b.Own()
		if !ok || !b.isOwn(&own) || own.Stopped {
			return nil
		}
		own.Stopped = true
		value, err := json.Marshal(own)
		if err != nil {
			return err
		}
		done, err := r.Client.Swap(ctx, registry.Swap{Key: r.subnetKey(own.Subnet), Old: b.raw[own.Subnet], New: value})
		if done || err != nil {
			return err
		}
	}
}
