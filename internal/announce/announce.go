// Package announce keeps a service in the store while it is well, and only
// then. It owns the decision (gate: container, checks, rise and fall, flap
// damping), the records, and the loop that holds or withdraws them.
//
// Each announced port is decided for itself and has a lease of its own. The
// lease is there before the service is well, so that being well is announced
// within one round trip to the store, and revoking it withdraws within
// another.
//
// Where the container's state comes from is the caller's affair (Instance).
package announce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
)

// Config is what to announce.
type Config struct {
	Identity
	Name         string        // of the status; "" means Service
	HasContainer bool          // the service has a container, told by Instance
	Drain        time.Duration // clients are given between withdrawal and stop
	// Released, if there is one, returns when nobody gives requests to the records any more, which
	// have been withdrawn before: it is waited for as well as Drain. It bounds its own time.
	Released  func(ctx context.Context)
	Ports     []Port   // the first is the service's own and has no name
	Inherited []string // keys that predecessors may have left; those of Ports may be among them
}

// Announcer announces one service: Run is the loop, to which Instance, Ended,
// Active, Withdraw and the tasks it starts send what happens.
type Announcer struct {
	cfg      Config
	store    registry.Store
	ports    []*port
	onStatus func(control.AnnounceStatus)
	log      *slog.Logger

	// All that follows, and the ports' state, belongs to Run's goroutine.
	events    chan func(now time.Time)
	ended     chan struct{} // closed when Run has returned
	tasks     sync.WaitGroup
	instance  Instance
	active    string // colour; "": not known, or the service has none
	request   *withdrawal
	unwanted  []string // keys that predecessors may have left and no port has, until they are withdrawn
	stays     string   // why a key may be there at the end, though it was to be withdrawn
	status    control.AnnounceStatus
	reasonLog logLimit // about reasons
}

// withdrawal is a withdrawal on request: the keys are taken away, then clients
// are given time to leave.
type withdrawal struct {
	announced bool      // the service was when it was asked for, so that there are clients
	over      time.Time // when they had their time; zero: the keys are still being taken away
	awaiting  bool      // cfg.Released
	done      bool
}

// New checks cfg; an error names what is wrong. onStatus is told each change,
// from Run's goroutine, with everything but PID set.
func New(cfg Config, reg registry.Store, onStatus func(control.AnnounceStatus), log *slog.Logger) (*Announcer, error) {
	cfg.Name = cmp.Or(cfg.Name, cfg.Service)
	a := &Announcer{cfg: cfg, store: reg, onStatus: onStatus, log: log, events: make(chan func(time.Time)), ended: make(chan struct{})}
	fail := func(err error) (*Announcer, error) {
		return nil, fmt.Errorf("announce %s: %w", cfg.Service, err)
	}
	if len(cfg.Ports) == 0 {
		return fail(errors.New("no port to announce"))
	}
	if strings.ContainsAny(cfg.Service, "./") {
		return fail(errors.New("a name with a dot would be announced as part of another service"))
	}
	if len(cfg.Aliases) > 0 && cfg.Stack == "" {
		return fail(errors.New("a service of no stack has no aliases"))
	}
	names := map[string]bool{}
	for i, p := range cfg.Ports {
		p, err := p.withDefaults()
		if err != nil {
			return fail(err)
		}
		if (p.Name == "") != (i == 0) || names[p.Name] {
			return fail(fmt.Errorf("port %d: name %q: the first port has none, each further one its own", p.Port, p.Name))
		}
		names[p.Name] = true
		if !cfg.HasContainer && (!p.Address.IsValid() || p.Check.Type == CheckDocker) {
			return fail(fmt.Errorf("port %d: there is no container whose address or HEALTHCHECK could be used", p.Port))
		}
		lease, err := reg.NewLease(p.Lease)
		if err != nil {
			return fail(fmt.Errorf("port %d: %w", p.Port, err))
		}
		a.ports = append(a.ports, &port{Port: p, lease: lease, gate: gate{
			hasContainer: cfg.HasContainer, check: p.Check.Type, connects: p.Port != 0 && p.Protocol == "tcp",
			rise: p.Check.Rise, fall: p.Check.Fall,
		}})
	}
	own := a.keys()
	for _, key := range cfg.Inherited {
		if !slices.Contains(own, key) {
			a.unwanted = append(a.unwanted, key)
		}
	}
	return a, nil
}

// Keys are those of the store that may have a record of the service: what it
// announces, and what its predecessors may have left. It is for who calls it before
// Run; then the status has them.
func (a *Announcer) Keys() []string { return append(a.keys(), a.unwanted...) }

// keys are those of the ports.
func (a *Announcer) keys() (list []string) {
	for _, p := range a.ports {
		list = append(list, a.cfg.keys(p.Port)...)
	}
	return list
}

// Instance tells what became of the container. Calls take effect in their order.
func (a *Announcer) Instance(i Instance) {
	a.tell(func(now time.Time) {
		if i.Unreachable == nil {
			a.instance = i
		}
		for _, p := range a.ports {
			p.gate.containerChanged(now, i)
		}
	})
}

// Ended tells that the first process of a run of the container, told by Instance
// before, has ended. It counts as the end of the container until docker says
// that there is another run.
func (a *Announcer) Ended(id string, started time.Time) {
	a.tell(func(now time.Time) {
		for _, p := range a.ports {
			p.gate.processEnded(now, Instance{ID: id, Started: started})
		}
	})
}

// Active tells which colour of the service is active. Until then a service with a
// colour is not announced.
func (a *Announcer) Active(colour string) {
	a.tell(func(time.Time) { a.active = colour })
}

// Alive calls f from Run's goroutine: f runs only while that is at work.
func (a *Announcer) Alive(f func()) {
	a.tell(func(time.Time) { f() })
}

// tell has Run's goroutine run event; after Run it does nothing.
func (a *Announcer) tell(event func(now time.Time)) {
	select {
	case a.events <- event:
	case <-a.ended:
	}
}
