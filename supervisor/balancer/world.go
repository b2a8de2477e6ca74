package balancer

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/haproxy"
	"rundock/internal/registry"
	"rundock/internal/skydns"
)

// refillTime is how long a store that came back is given until all that are well
// have announced themselves again: a lease of 15 s, and some.
const refillTime = 20 * time.Second

// world is what the store says.
type world struct {
	zone string // prefix of the keys of all services' records
	wake chan struct{}

	mu        sync.Mutex // of what follows
	records   map[string]skydns.Record
	book      *cutover.Book
	loaded    map[string]bool // prefixes of which a complete batch has come
	away      map[string]error
	refilling time.Time // until then the store may lack those that are well
}

func newWorld(zone string) *world {
	return &world{
		zone: skydns.Key(skydns.Prefix, zone) + "/", wake: make(chan struct{}, 1), records: map[string]skydns.Record{}, book: cutover.NewBook(),
		loaded: map[string]bool{}, away: map[string]error{},
	}
}

// follow keeps w as the store is until ctx is done.
func (w *world) follow(ctx context.Context, store registry.Store) {
	var watches sync.WaitGroup
	for _, prefix := range w.prefixes() {
		watches.Go(func() {
			store.Watch(ctx, prefix, func(b registry.Batch) { w.apply(prefix, b) }, func(err error) {
				w.mu.Lock()
				w.away[prefix] = err
				w.mu.Unlock()
				w.poke()
			})
		})
	}
	watches.Wait()
}

func (w *world) prefixes() []string {
	return []string{w.zone, cutover.Prefix, cutover.LoadBalancersPrefix}
}

func (w *world) poke() {
	select {
	case w.wake <- struct{}{}:
	default: // the next pass sees this, too
	}
}

func (w *world) apply(prefix string, b registry.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.poke()
	if b.Complete && w.loaded[prefix] {
		w.refilling = time.Now().Add(refillTime)
	}
	w.loaded[prefix] = w.loaded[prefix] || b.Complete
	if prefix != w.zone {
		w.book.Apply(prefix, b)
		return
	}
	if b.Complete {
		clear(w.records)
	}
	for _, c := range b.Changes {
		delete(w.records, c.Key)
		if c.Value == nil {
			continue
		}
		// What is no record is none for dnsd either.
		if r, err := skydns.Parse(c.Value); err == nil {
			w.records[c.Key] = r
		}
	}
}

// news is what a pass goes by.
type news struct {
	known     bool   // all has come once
	refilling bool   // the store came back a while ago
	store     string // why it cannot be reached
	faults    []string
	services  map[string]serviceNews
}

type serviceNews struct {
	view    cutover.View
	records map[string][]netip.AddrPort // by colour, sorted
}

// look is what the store says of services.
func (w *world) look(services []haproxy.Service) news {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := news{known: true, refilling: time.Now().Before(w.refilling), services: map[string]serviceNews{}}
	for _, prefix := range w.prefixes() {
		n.known = n.known && w.loaded[prefix]
		if err := w.away[prefix]; err != nil {
			n.store = err.Error()
		}
	}
	for _, err := range w.book.Faults() {
		n.faults = append(n.faults, err.Error())
	}
	keys := slices.Sorted(maps.Keys(w.records))
	for _, s := range services {
		records, faults := instances(s, w.zone, keys, w.records)
		n.services[s.Name] = serviceNews{w.book.View(s.Name), records}
		n.faults = append(n.faults, faults...)
	}
	return n
}

// instances are those of a service by colour, and why others are left out. keys
// are sorted.
func instances(s haproxy.Service, zone string, keys []string, records map[string]skydns.Record) (all map[string][]netip.AddrPort, faults []string) {
	all = map[string][]netip.AddrPort{}
	below := zone + s.Name + "/"
	from, _ := slices.BinarySearch(keys, below)
	for _, key := range keys[from:] {
		rest, ok := strings.CutPrefix(key, below)
		if !ok {
			break
		}
		if !ofPort(s.Port, rest) {
			continue
		}
		r := records[key]
		a, ok := r.Addr()
		switch {
		case !ok || r.Port == 0:
			faults = append(faults, fmt.Sprintf("%s: host %q and port %s are no address that HAProxy could be given", key, r.Host, strconv.Itoa(r.Port)))
			continue
		case r.Colour != "" && !cutover.IsColour(r.Colour):
			faults = append(faults, fmt.Sprintf("%s: colour %q is neither blue nor green", key, r.Colour))
			continue
		}
		if at := netip.AddrPortFrom(a, uint16(r.Port)); !slices.Contains(all[r.Colour], at) {
			all[r.Colour] = append(all[r.Colour], at)
		}
	}
	for _, list := range all {
		slices.SortFunc(list, netip.AddrPort.Compare)
	}
	return all, faults
}

// ofPort says whether a key, below that of its service, is of the port: INSTANCE
// of the service's own, _tcp/_PORT/INSTANCE of a named one.
func ofPort(port, rest string) bool {
	parts := strings.Split(rest, "/")
	if port == "" {
		return len(parts) == 1 && !strings.HasPrefix(rest, "_")
	}
	return len(parts) == 3 && parts[0] == "_tcp" && parts[1] == "_"+port
}
