package switching

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

// known is what the store holds of one service: its switch, the load balancers
// and its records.
type known struct {
	service string
	records string // prefix of the service's records
	changed chan struct{}

	mu     sync.Mutex
	book   *cutover.Book
	found  map[string]skydns.Record // by instance
	listed map[string]bool          // by prefix: its watch has listed, and is in touch
	health error
}

func newKnown(service, zone string) *known {
	return &known{
		service: service, records: skydns.Key(skydns.Prefix, service+"."+zone) + "/",
		changed: make(chan struct{}, 1), book: cutover.NewBook(), found: map[string]skydns.Record{}, listed: map[string]bool{},
	}
}

// follow follows the store until ctx is done.
func (k *known) follow(ctx context.Context, store registry.Store) {
	var watches sync.WaitGroup
	for _, prefix := range []string{cutover.Key(k.service), cutover.LoadBalancersPrefix, k.records} {
		watches.Go(func() {
			store.Watch(ctx, prefix, func(b registry.Batch) { k.apply(prefix, b) }, func(err error) {
				k.mu.Lock()
				k.listed[prefix], k.health = err == nil, err
				k.mu.Unlock()
				k.tell()
			})
		})
	}
	watches.Wait()
}

func (k *known) apply(prefix string, b registry.Batch) {
	k.mu.Lock()
	defer k.tell()
	defer k.mu.Unlock()
	switch prefix {
	case k.records:
		if b.Complete {
			clear(k.found)
		}
		for _, c := range b.Changes {
			name := strings.TrimPrefix(c.Key, prefix)
			delete(k.found, name)
			if r, err := skydns.Parse(c.Value); c.Value != nil && err == nil && !strings.Contains(name, "/") {
				k.found[name] = r
			}
		}
	case cutover.LoadBalancersPrefix:
		k.book.Apply(prefix, b)
	default:
		k.book.Apply(cutover.Prefix, b)
	}
}

// tell wakes whoever waits for a change.
func (k *known) tell() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// ready waits for the first lists, not for ever.
func (k *known) ready(ctx context.Context, patience time.Duration) error {
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		k.mu.Lock()
		ready, health := k.listed[k.records] && k.listed[cutover.LoadBalancersPrefix] && k.listed[cutover.Key(k.service)], k.health
		k.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-k.changed:
		case <-end.C:
			if health == nil {
				return fmt.Errorf("the store has not answered within %s", patience)
			}
			return fmt.Errorf("the store has not answered within %s: %w", patience, health)
		}
	}
}

// view is the service's switch, and its instances.
func (k *known) view() (cutover.View, map[string]skydns.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.book.View(k.service), maps.Clone(k.found)
}

// lookUp is what the store holds of a service at this moment.
func lookUp(ctx context.Context, store registry.Store, host hostconfig.Config, service string) (v cutover.View, found map[string]skydns.Record, err error) {
	known := newKnown(service, host.Zone())
	following, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { known.follow(following, store) })
	defer work.Wait()
	defer cancel()
	if err := known.ready(ctx, report.Patience); err != nil {
		return v, nil, err
	}
	v, found = known.view()
	return v, found, nil
}

// ofColour are the instances of a colour, sorted by name, not polled yet.
func ofColour(found map[string]skydns.Record, colour string) (all []cutover.Instance) {
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if r := found[name]; r.Colour == colour {
			all = append(all, cutover.Instance{Name: name, Address: net.JoinHostPort(r.Host, strconv.Itoa(r.Port)), Fault: "it has not been polled yet"})
		}
	}
	return all
}
