// Package known is what the store was last known to hold of previews, and besides of
// stacks, services and hosts. It is folded from watches, so that whoever shows it asks
// nobody, and shows the last known while the store is away.
package known

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"rundock/internal/cutover"
	"rundock/internal/hostinfo"
	"rundock/internal/overlay/roster"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/internal/skydns"
	"rundock/internal/stack/release"
)

// Site is what a Book needs to know of its site.
type Site struct {
	Zone   string // of services, such as s.prod.example.com
	Host   string // whose page it is
	Domain string // what previews' names are below, such as y.example.com
	Scheme string // of previews' addresses: http or https
	Port   string // of them; "": the scheme's own
	Rules  preview.Rules
}

// Book is the last known. Its methods may be called at once; what they return is the caller's.
type Book struct {
	site Site

	mu     sync.RWMutex
	raw    map[string]map[string][]byte // of what is parsed when it is asked for: by prefix, key
	listed map[string]bool              // prefixes of which there was a complete batch
	away   map[string]string            // why a prefix is not followed

	wishes   map[string]preview.Wish
	states   map[string]preview.State
	claims   map[string]ledger.Claim
	workers  map[string]preview.Worker          // by host
	used     map[string]map[string]preview.Used // by name and host
	repos    map[string]preview.Repo
	sets     map[string]settings.Set // by key
	events   map[string]ledger.Event // by key
	releases map[string]release.Release
	pointers map[string]int
	changed  chan struct{} // closed and replaced with each batch
}

// New returns a Book that knows nothing yet.
func New(site Site) *Book {
	b := &Book{site: site, raw: map[string]map[string][]byte{}, listed: map[string]bool{}, away: map[string]string{}, changed: make(chan struct{})}
	for _, prefix := range b.prefixes() {
		b.away[prefix] = "the store was not reached yet"
		b.clear(prefix)
	}
	return b
}

func (b *Book) prefixes() []string {
	return []string{preview.Prefix, release.Prefix, b.services(), roster.AllPrefix, cutover.LoadBalancersPrefix, hostinfo.Prefix}
}

// services begins the keys of the zone's services.
func (b *Book) services() string { return skydns.Key(skydns.Prefix, b.site.Zone) + "/" }

// Site is what the Book was made for.
func (b *Book) Site() Site { return b.site }

// Follow folds in what the store has until ctx is done.
func (b *Book) Follow(ctx context.Context, store registry.Store, onHealth func(error)) {
	var all sync.WaitGroup
	for _, prefix := range b.prefixes() {
		all.Go(func() {
			store.Watch(ctx, prefix, func(batch registry.Batch) { b.fold(prefix, batch) }, func(err error) {
				b.health(prefix, err)
				if prefix == preview.Prefix {
					onHealth(err)
				}
			})
		})
	}
	all.Wait()
}

func (b *Book) health(prefix string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away[prefix] = ""; err != nil {
		b.away[prefix] = err.Error()
	}
	b.tell()
}

func (b *Book) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Changed is closed with the next change of anything.
func (b *Book) Changed() <-chan struct{} {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.changed
}

// Away is why what is known of previews may be old; "" while they are followed.
func (b *Book) Away() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.away[preview.Prefix]
}

// Listed says whether previews were known at any time.
func (b *Book) Listed() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.listed[preview.Prefix]
}

func (b *Book) clear(prefix string) {
	b.raw[prefix] = map[string][]byte{}
	switch prefix {
	case preview.Prefix:
		b.wishes, b.states, b.claims = map[string]preview.Wish{}, map[string]preview.State{}, map[string]ledger.Claim{}
		b.workers = map[string]preview.Worker{}
		b.used, b.repos = map[string]map[string]preview.Used{}, map[string]preview.Repo{}
		b.sets, b.events = map[string]settings.Set{}, map[string]ledger.Event{}
	case release.Prefix:
		b.releases, b.pointers = map[string]release.Release{}, map[string]int{}
	}
}

func (b *Book) fold(prefix string, batch registry.Batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if batch.Complete {
		b.clear(prefix)
		b.listed[prefix] = true
	}
	for _, c := range batch.Changes {
		switch prefix {
		case preview.Prefix:
			b.foldPreview(c)
		case release.Prefix:
			b.foldStack(c)
		default:
			put(b.raw[prefix], c.Key, c.Value, c.Value != nil)
		}
	}
	b.tell()
}

// put sets a key, or takes it away.
func put[T any](into map[string]T, key string, value T, there bool) {
	if there {
		into[key] = value
	} else {
		delete(into, key)
	}
}

// decode puts what value has; what cannot be read is as if it were not there.
func decode[T any](into map[string]T, key string, value []byte) {
	var one T
	well := value != nil && json.Unmarshal(value, &one) == nil
	put(into, key, one, well)
}

func (b *Book) foldPreview(c registry.Change) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(c.Key, preview.Prefix), "/")
	switch kind + "/" {
	case "wish/":
		decode(b.wishes, name, c.Value)
	case "state/":
		s, err := preview.ParseState(c.Value)
		put(b.states, name, s, c.Value != nil && err == nil)
	case "job/":
		decode(b.claims, name, c.Value)
	case "worker/":
		decode(b.workers, name, c.Value)
	case "repo/":
		decode(b.repos, name, c.Value)
	case "event/":
		decode(b.events, c.Key, c.Value)
	case "env/":
		decode(b.sets, c.Key, c.Value)
	case "used/":
		if name, host, ok := preview.UsedOf(c.Key); ok {
			if b.used[name] == nil {
				b.used[name] = map[string]preview.Used{}
			}
			decode(b.used[name], host, c.Value)
		}
	}
}

func (b *Book) foldStack(c registry.Change) {
	stack, rest, _ := strings.Cut(strings.TrimPrefix(c.Key, release.Prefix), "/")
	switch {
	case rest == "current":
		var p release.Pointer
		put(b.pointers, stack, 0, false)
		if c.Value != nil && json.Unmarshal(c.Value, &p) == nil {
			b.pointers[stack] = p.Release
		}
	case strings.HasPrefix(rest, "releases/"):
		r, err := release.Parse(c.Value)
		put(b.releases, c.Key, r, c.Value != nil && err == nil)
	}
}
