package serve

import (
	"context"
	"maps"
	"slices"

	"rundock/internal/registry"
)

// watch joins those who watch prefix; leave ends that.
func (s *Server) watch(prefix string) (w *watcher, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[prefix]
	if t == nil {
		t = &topic{state: map[string][]byte{}, watchers: map[*watcher]bool{}}
		var ctx context.Context
		ctx, t.cancel = context.WithCancel(s.ctx)
		s.topics[prefix] = t
		s.tasks.Go(func() { s.store.Watch(ctx, prefix, t.on, t.onHealth) })
	}
	t.users++
	w = &watcher{topic: t, wake: make(chan struct{}, 1), changed: map[string][]byte{}}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watchers[w] = true
	w.complete, w.health = t.known, t.health
	w.tell()
	return w, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, w)
		if t.users--; t.users == 0 {
			t.cancel()
			delete(s.topics, prefix)
		}
	}
}

// on folds a batch of the store's.
func (t *topic) on(b registry.Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revision = b.Revision
	if b.Complete {
		t.known, t.cluster = true, b.Cluster
		clear(t.state)
	}
	for _, c := range b.Changes {
		if c.Value == nil {
			delete(t.state, c.Key)
		} else {
			t.state[c.Key] = c.Value
		}
	}
	for w := range t.watchers {
		w.add(b)
	}
}

func (t *topic) onHealth(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	t.health = &text
	for w := range t.watchers {
		w.health = &text
		w.tell()
	}
}

// add notes what w is to be given. topic.mu is locked.
func (w *watcher) add(b registry.Batch) {
	if b.Complete {
		w.complete, w.order = true, nil
		clear(w.changed)
	}
	for _, c := range b.Changes {
		if w.complete {
			break
		}
		if _, there := w.changed[c.Key]; !there {
			w.order = append(w.order, c.Key)
		}
		w.changed[c.Key] = c.Value
	}
	w.tell()
}

func (w *watcher) tell() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take waits for something to give: a batch, news of the health, or both, the
// batch first.
func (w *watcher) take(ctx context.Context) (batch *registry.Batch, health *string, err error) {
	for {
		if batch, health := w.now(); batch != nil || health != nil {
			return batch, health, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-w.wake:
		}
	}
}

func (w *watcher) now() (batch *registry.Batch, health *string) {
	t := w.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case w.complete:
		batch = &registry.Batch{Revision: t.revision, Complete: true, Cluster: t.cluster}
		for _, key := range slices.Sorted(maps.Keys(t.state)) {
			batch.Changes = append(batch.Changes, registry.Change{Key: key, Value: t.state[key]})
		}
	case len(w.order) > 0:
		batch = &registry.Batch{Revision: t.revision}
		for _, key := range w.order {
			batch.Changes = append(batch.Changes, registry.Change{Key: key, Value: w.changed[key]})
		}
	}
	health = w.health
	w.complete, w.order, w.health = false, nil, nil
	clear(w.changed)
	return batch, health
}
