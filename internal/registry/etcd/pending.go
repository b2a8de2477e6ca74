package etcd

import (
	"context"
	"sync"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"rundock/internal/registry"
)

// pending collects the events of a stream until somebody takes them: one
// change for each key, in the order in which keys first appeared.
type pending struct {
	wake chan struct{} // holds one token when there is something to take

	mu       sync.Mutex
	changes  []registry.Change
	index    map[string]int // key -> position in changes
	revision int64          // of the last event
	err      error          // the stream ended
}

func newPending() *pending {
	return &pending{wake: make(chan struct{}, 1), index: map[string]int{}}
}

// fill reads s until it ends.
func (p *pending) fill(s *stream) {
	for {
		events, err := s.recv()
		p.add(events, err)
		if err != nil {
			return
		}
	}
}

func (p *pending) add(events []*mvccpb.Event, err error) {
	p.mu.Lock()
	for _, e := range events {
		next := change(e.Kv)
		if e.Type == mvccpb.Event_DELETE {
			next.Value = nil
		}
		if i, ok := p.index[next.Key]; ok {
			p.changes[i] = next
		} else {
			p.index[next.Key] = len(p.changes)
			p.changes = append(p.changes, next)
		}
		p.revision = e.Kv.ModRevision
	}
	if err != nil {
		p.err = err
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// take waits for changes and returns them. Once the stream has ended it
// returns why, after the last changes were taken.
func (p *pending) take(ctx context.Context) (registry.Batch, error) {
	for {
		p.mu.Lock()
		batch := registry.Batch{Revision: p.revision, Changes: p.changes}
		p.changes = nil
		clear(p.index)
		err := p.err
		p.mu.Unlock()
		if len(batch.Changes) > 0 {
			return batch, nil
		}
		if err != nil {
			return registry.Batch{}, err
		}
		select {
		case <-ctx.Done():
			return registry.Batch{}, ctx.Err()
		case <-p.wake:
		}
	}
}
