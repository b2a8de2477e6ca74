package network

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/stack"
)

// longestPause is the longest one before a run whose write another one forestalled reads
// again: of 40 at a time each gets its turn within a second or so.
const longestPause = 50 * time.Millisecond

// Read returns the ledger.
func Read(ctx context.Context, store registry.Store) (Ledger, error) {
	l, _, err := read(ctx, store)
	return l, err
}

func read(ctx context.Context, store registry.Store) (l Ledger, value []byte, err error) {
	found, err := store.Read(ctx, []string{Key})
	if err != nil {
		return l, nil, fmt.Errorf("networks of stacks: %w", err)
	}
	if found[0].Exists {
		value = found[0].Value
	}
	l, err = ParseLedger(value)
	return l, value, err
}

// Take gives a stack its own networks, and returns what these have, by key of
// model.Networks: see Ledger.With. What it had before it keeps, until Keep.
func Take(ctx context.Context, store registry.Store, p Pool, model stack.Stack, preferred map[string]netip.Prefix) (has map[string]Claim, err error) {
	err = change(ctx, store, func(l Ledger) (next Ledger, err error) {
		inventory, err := inventory(ctx, store, l)
		if err == nil {
			next, has, err = l.With(model, p, preferred, inventory)
		}
		return next, err
	})
	if err != nil {
		return nil, fmt.Errorf("networks of stack %s: %w", model.Name, err)
	}
	return has, nil
}

// Propose is what Take would give, as the ledger is now. It writes nothing.
func Propose(ctx context.Context, store registry.Store, p Pool, model stack.Stack, preferred map[string]netip.Prefix) (has map[string]Claim, err error) {
	l, err := Read(ctx, store)
	if err != nil {
		return nil, err
	}
	inventory, err := inventory(ctx, store, l)
	if err == nil {
		_, has, err = l.With(model, p, preferred, inventory)
	}
	if err != nil {
		return nil, fmt.Errorf("networks of stack %s: %w", model.Name, err)
	}
	return has, nil
}

// Keep has a stack give up those of its networks that none of these models has: see
// Ledger.Keeping. Hosts have left them by then.
func Keep(ctx context.Context, store registry.Store, name string, models ...stack.Stack) error {
	err := change(ctx, store, func(l Ledger) (Ledger, error) { return l.Keeping(name, models...), nil })
	if err != nil {
		return fmt.Errorf("networks of stack %s: %w", name, err)
	}
	return nil
}

// change writes what next makes of the ledger, again where another run has written
// meanwhile. It writes nothing where nothing changes.
func change(ctx context.Context, store registry.Store, next func(Ledger) (Ledger, error)) error {
	for {
		l, old, err := read(ctx, store)
		if err != nil {
			return err
		}
		after, err := next(l)
		if err != nil {
			return err
		}
		if maps.EqualFunc(l.Networks, after.Networks, Claim.equal) {
			return nil
		}
		value, err := json.Marshal(after)
		if err != nil {
			return err
		}
		done, err := store.Swap(ctx, registry.Swap{Key: Key, Old: old, New: value})
		if err != nil || done {
			return err
		}
		if err := pause.For(ctx, rand.N(longestPause)); err != nil {
			return err
		}
	}
}

func (c Claim) equal(o Claim) bool {
	return c.Subnet == o.Subnet && c.SubnetLength == o.SubnetLength && c.VNI == o.VNI && c.Internal == o.Internal && slices.Equal(c.Stacks, o.Stacks)
}

// inventory are the overlay networks that the store tells of, and that are no stack's.
func inventory(ctx context.Context, store registry.Store, l Ledger) ([]overlay.Network, error) {
	all, _, err := store.List(ctx, roster.AllPrefix)
	if err != nil {
		return nil, fmt.Errorf("overlay networks: %w", err)
	}
	var found []overlay.Network
	for _, key := range all {
		if !strings.HasSuffix(key.Key, "/config") {
			continue
		}
		var n overlay.Network
		if err := json.Unmarshal(key.Value, &n); err != nil || n.Check() != nil {
			continue // which its own hosts tell of
		}
		if _, ours := l.Networks[n.Name]; !ours {
			found = append(found, n)
		}
	}
	return found, nil
}
