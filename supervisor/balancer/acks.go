package balancer

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/registry"
)

// detailsEvery is how often an acknowledgement is written anew for its reason
// alone, or, while a switch goes by them, for its counters.
const detailsEvery = time.Second

// acks tells the store how each service stands, under one lease.
type acks struct {
	host, machine string
	lease         registry.Lease
	log           *slog.Logger

	running sync.WaitGroup
	tellers map[string]*teller // by service
}

// teller tells it of one service.
type teller struct {
	service string
	last    cutover.Ack
	at      time.Time        // when it was given last
	next    chan cutover.Ack // of which the last counts
}

// tell has the store told of ack, unless it was. It does not wait for the store.
func (a *acks) tell(ctx context.Context, service string, ack cutover.Ack, counting bool) {
	ack.ID = a.machine + "/balance/" + service
	t := a.tellers[service]
	if t == nil {
		t = &teller{service: service, next: make(chan cutover.Ack, 1)}
		a.tellers[service] = t
		a.running.Go(func() { a.run(ctx, t) })
	}
	details := t.last.Reason != ack.Reason || !maps.Equal(t.last.Servers, ack.Servers) || counting && !maps.Equal(t.last.Counters, ack.Counters)
	if same(t.last, ack) && !(details && time.Since(t.at) >= detailsEvery) {
		return
	}
	t.last, t.at = ack, time.Now()
	select {
	case <-t.next: // too late for it
	default:
	}
	t.next <- ack
}

// run holds in the store what was told last, until ctx is done.
func (a *acks) run(ctx context.Context, t *teller) {
	var ack cutover.Ack
	select {
	case ack = <-t.next:
	case <-ctx.Done():
		return
	}
	for ctx.Err() == nil {
		held := ack
		end := registry.Holding(ctx, func(ctx context.Context) { a.hold(ctx, t.service, held) })
		select {
		case ack = <-t.next:
		case <-ctx.Done():
		}
		end(registry.ErrHandOver) // the key stays, and is written over
	}
}

func (a *acks) hold(ctx context.Context, service string, ack cutover.Ack) {
	item := registry.Item{Key: cutover.AckKey(service, a.host), Value: cutover.JSON(ack), ID: ack.ID}
	err := a.lease.Hold(ctx, []registry.Item{item}, func(s registry.HoldState) {
		if !s.Held {
			a.log.Warn("the store is not told how a service stands", "service", service, "err", s.Reason)
		}
	})
	if err != nil {
		a.log.Warn("what the store was told goes with its lease", "service", service, "err", err)
	}
}

// same reports whether two acknowledgements differ in details alone.
func same(a, b cutover.Ack) bool {
	for colour := range b.Counters {
		if a.Counters[colour].Up != b.Counters[colour].Up || a.Counters[colour].Servers != b.Counters[colour].Servers {
			return false
		}
	}
	return a.ID == b.ID && a.Attempt == b.Attempt && a.Reached == b.Reached && a.Colour == b.Colour
}
