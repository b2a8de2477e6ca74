package roster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rundock/internal/registry"
)

// Release gives the subnet of this host back, also one that it took since its
// boot under another machine id; that it has none is no error. The last host to
// leave takes the configuration along.
func (r *Roster) Release(ctx context.Context) error {
	for {
		list, err := r.list(ctx, Prefix(r.Network.Name))
		if err != nil {
			return err
		}
		b := r.book(list)
		own, ok := b.Own()
		if !ok {
			own, ok = b.formerEntry()
		}
		if !ok {
			_, err := r.dissolve(ctx, list)
			return err
		}
		if _, err := r.Client.Swap(ctx, registry.Swap{Key: r.subnetKey(own.Subnet), Old: b.raw[own.Subnet]}); err != nil {
			return err
		}
	}
}

// dissolve takes the configuration away if no host has a subnet any more, and
// reports whether it did.
func (r *Roster) dissolve(ctx context.Context, list []registry.Change) (bool, error) {
	i := slices.IndexFunc(list, func(c registry.Change) bool { return c.Key == r.configKey() })
	if i < 0 {
		return false, nil
	}
	return r.Client.Swap(ctx, registry.Swap{Key: r.configKey(), Old: list[i].Value, Absent: []string{Prefix(r.Network.Name) + "subnets/"}})
}

// ErrWhichHost is why nothing is forgotten where no host is given.
var ErrWhichHost = errors.New("say which host is to be forgotten")

// Forget takes the subnet of a host that is gone for good away from it. The
// host is given by its name, its machine id or its subnet; "" is none, of a
// network without hosts. Of r it needs Client and the network's name. It
// refuses to forget a host that is alive, also one that the store does not know to be,
// and that answers in the network (nil: nobody is asked). dissolved says that there is no
// other host, and that the network's configuration went along.
func (r *Roster) Forget(ctx context.Context, host string, answers func(Entry) bool) (gone Entry, dissolved bool, err error) {
	for {
		list, err := r.list(ctx, Prefix(r.Network.Name))
		if err != nil {
			return gone, false, err
		}
		entries := entriesOf(r.Network.Name, list)
		if len(entries) == 0 && (host == "" || gone.key != "") {
			dissolved, err = r.dissolve(ctx, list)
			if err == nil && !dissolved && gone.key == "" {
				err = fmt.Errorf("network %s: the store has nothing of it", r.Network.Name)
			}
			return gone, dissolved, err
		}
		if gone.key != "" {
			return gone, false, nil
		}
		e, err := pick(r.Network.Name, entries, host)
		if err != nil {
			return gone, false, err
		}
		if answers != nil && answers(e) {
			return gone, false, fmt.Errorf("network %s: %s, which has %s, has not told the store that it is alive, and answers in the network: it is alive, and keeps its containers reachable; have it leave by itself, by rundock_overlay with name=%s state=absent there, or switch it off",
				r.Network.Name, host, e.Subnet, r.Network.Name)
		}
		swap := registry.Swap{Key: e.key, Old: e.value}
		if e.ID != "" {
			swap.Absent = []string{r.aliveKey(e.ID)}
		}
		taken, err := r.Client.Swap(ctx, swap)
		if err != nil {
			return gone, false, err
		}
		if taken {
			gone = e
		}
	}
}

// pick returns the entry that is meant by host, if it can be forgotten.
func pick(network string, entries []Entry, host string) (Entry, error) {
	var found []Entry
	var there []string
	for _, e := range entries {
		name := e.Host
		if name == "" {
			name = e.Subnet
		}
		there = append(there, name)
		if host != "" && (host == e.Host || host == e.ID || host == e.Subnet) {
			found = append(found, e)
		}
	}
	switch {
	case len(entries) == 0:
		return Entry{}, fmt.Errorf("network %s: no host has a subnet of it", network)
	case host == "":
		return Entry{}, fmt.Errorf("network %s: %w, of %s", network, ErrWhichHost, strings.Join(there, ", "))
	case len(found) == 0:
		return Entry{}, fmt.Errorf("network %s: no host %s has a subnet of it; those that have: %s", network, host, strings.Join(there, ", "))
	case len(found) > 1:
		var subnets []string
		for _, e := range found {
			subnets = append(subnets, e.Subnet)
		}
		return Entry{}, fmt.Errorf("network %s: %d hosts are called %s: say which by its subnet, of %s", network, len(found), host, strings.Join(subnets, ", "))
	case found[0].Alive:
		return Entry{}, fmt.Errorf("network %s: %s is alive: have it leave by itself, by rundock_overlay with name=%s state=absent there", network, host, network)
	}
	return found[0], nil
}
