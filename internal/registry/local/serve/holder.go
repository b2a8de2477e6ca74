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
// A store that is away is waited for.
func (s *Server) prolong(ctx context.Context, id string) (age time.Duration, err error) {
	h, err := s.alive(id)
	if err == nil {
		_, err = s.usable(ctx, h.lease)
	}
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(h.lease.renewed), nil
}

// claim puts items under the holder's lease of the store. ctx ends the wait for a
// store that is away, and nothing that the store was asked for: whether it was done
// would not be known.
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
		under, err := s.usable(ctx, h.lease)
		if err != nil {
			return leasing.Claimed{}, err
		}
		got, err := s.store.Claim(context.WithoutCancel(ctx), under, items)
		if errors.Is(err, leasing.ErrGone) {
			s.lost(h.lease, under)
			continue
		}
		if err != nil {
			s.mu.Lock()
			h.doubt = true
			s.mu.Unlock()
			h.lease.hurry()
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

// note keeps the values of items that h has claimed, or that they are another's.
func (s *Server) note(h *holder, items []registry.Item, claimed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range items {
		delete(h.values, item.Key)
		delete(h.refused, item.Key)
		if claimed {
			h.values[item.Key] = item.Value
		} else {
			h.refused[item.Key] = true
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
	return s.forget(h.keys, h)
}

// forget takes keys from all holders but one that have them for the same ids, and
// reports whether one did. s.mu is locked.
func (s *Server) forget(keys map[string]string, but *holder) (news bool) {
	for _, h := range s.holders {
		if h == but {
			continue
		}
		for key, id := range keys {
			if h.keys[key] == id {
				delete(h.keys, key)
				delete(h.values, key)
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
