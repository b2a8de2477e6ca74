package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// claimTries is how often a claim is made again because the store lost the lease.
const claimTries = 3

// again is when keys that could not be deleted are tried again.
const again = time.Second

// grant makes a holder.
func (s *Server) grant(ctx context.Context, ttl time.Duration) (id string, err error) {
	if ttl < registry.MinLease || ttl%time.Second != 0 {
		return "", fmt.Errorf("lease %s: want whole seconds, at least %s", ttl, registry.MinLease)
	}
	l, left := s.join(ttl)
	defer left()
	if err := s.renew(ctx, l, fresh); err != nil {
		return "", err
	}
	h := newHolder(rand.Text(), l)
	s.mu.Lock()
	s.holders[h.id] = h
	s.mu.Unlock()
	s.save()
	return h.id, nil
}

// alive returns a holder that has not ended, and has it live for another lease
// time.
func (s *Server) alive(id string) (*holder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.holders[id]
	if h == nil || h.ended {
		return nil, leasing.ErrGone
	}
	h.ends = time.Now().Add(h.lease.ttl)
	return h, nil
}

// prolong is a client's renewal. age is how long ago the store renewed the lease.
func (s *Server) prolong(id string) (age time.Duration, err error) {
	h, err := s.alive(id)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(h.lease.renewed), h.lease.err
}

// claim puts items under the holder's lease of the store.
func (s *Server) claim(ctx context.Context, id string, items []registry.Item) (leasing.Claimed, error) {
	var keys []string
	for _, item := range items {
		keys = append(keys, item.Key)
	}
	defer s.locks.lock(keys)()
	h, err := s.alive(id)
	if err != nil {
		return leasing.Claimed{}, err
	}
	if s.expect(h, items) {
		s.save()
	}
	for range claimTries {
		if err := s.renew(ctx, h.lease, h.lease.ttl); err != nil {
			return leasing.Claimed{}, err
		}
		s.mu.Lock()
		under := h.lease.id
		s.mu.Unlock()
		got, err := s.store.Claim(ctx, under, items)
		if errors.Is(err, leasing.ErrGone) {
			s.lost(h.lease, under)
			continue
		}
		if err != nil {
			s.mu.Lock()
			h.doubt = true
			s.mu.Unlock()
			return leasing.Claimed{}, err
		}
		s.note(h, items, got.HeldBy == "")
		if got.HeldBy == "" && s.succeed(h) {
			s.save()
		}
		s.tell()
		return got, nil
	}
	return leasing.Claimed{}, errors.New("the store keeps losing the lease")
}

// note keeps the values of items that h has claimed, or forgets them.
func (s *Server) note(h *holder, items []registry.Item, claimed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range items {
		if delete(h.values, item.Key); claimed {
			h.values[item.Key] = item.Value
		}
	}
}

// expect notes what h is about to claim, before the store is asked: what it then
// holds must be known to whoever comes after us. It reports whether that is new.
func (s *Server) expect(h *holder, items []registry.Item) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range items {
		if h.keys[item.Key] != item.ID {
			h.keys[item.Key], news = item.ID, true
		}
	}
	return news
}

// succeed takes the keys that h has claimed from all whose successor it is.
func (s *Server) succeed(h *holder) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.holders {
		if other == h {
			continue
		}
		for key, id := range h.keys {
			if other.keys[key] == id {
				delete(other.keys, key)
				news = true
			}
		}
	}
	return news
}

// release ends a holder: its keys are deleted. Until that has succeeded it is
// there, and release may be called again.
func (s *Server) release(ctx context.Context, h *holder) error {
	select {
	case h.busy <- struct{}{}:
		defer func() { <-h.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	h.ended = true
	keys := slices.Sorted(maps.Keys(h.keys))
	s.mu.Unlock()
	// A claim on its way comes first.
	defer s.locks.lock(keys)()
	s.mu.Lock()
	if s.holders[h.id] != h {
		s.mu.Unlock()
		return nil
	}
	last, doubt, id := s.retire(h.lease, h), h.doubt, h.lease.id
	h.doubt, h.ends = false, time.Now().Add(h.lease.ttl)
	s.mu.Unlock()
	var err error
	switch {
	case !last:
		err = s.remove(ctx, h, keys)
	case id != "":
		err = s.store.Revoke(ctx, id)
	}
	s.mu.Lock()
	switch {
	case err != nil:
		h.doubt, h.ends = doubt, time.Now().Add(again)
		s.mu.Unlock()
		return err
	case doubt && !last:
		// What the store may yet make of a claim is looked for once more, when a
		// lease time is over.
		s.mu.Unlock()
		return nil
	}
	delete(s.holders, h.id)
	s.mu.Unlock()
	s.save()
	s.tell()
	return nil
}

// remove deletes those of keys that are h's and no successor's.
func (s *Server) remove(ctx context.Context, h *holder, keys []string) error {
	s.mu.Lock()
	ours := map[string]bool{h.lease.id: true}
	for _, l := range s.leases {
		ours[l.id] = true
	}
	ids := maps.Clone(h.keys)
	for _, other := range s.holders {
		for key, id := range other.keys {
			if other != h && ids[key] == id {
				delete(ids, key)
			}
		}
	}
	s.mu.Unlock()
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return ids[key] == "" })
	for range claimTries {
		if len(keys) == 0 {
			return nil
		}
		found, err := s.store.Read(ctx, keys)
		if err != nil {
			return err
		}
		var again []string
		for _, f := range found {
			if !f.Exists || f.ID != ids[f.Key] || f.Lease == "" || !ours[f.Lease] {
				continue
			}
			done, err := s.store.Swap(ctx, registry.Swap{Key: f.Key, Old: f.Value})
			if err != nil {
				return err
			}
			if !done {
				again = append(again, f.Key)
			}
		}
		keys = again
	}
	if len(keys) > 0 {
		return fmt.Errorf("delete %s: it keeps changing", keys[0])
	}
	return nil
}
