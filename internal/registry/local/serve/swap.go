package serve

import (
	"context"

	"rundock/internal/registry"
)

// swap makes a client's write. A record that it deletes is no holder's any more:
// a sidecar withdraws so what a predecessor left, whose holder lives on for a while.
func (s *Server) swap(ctx context.Context, swap registry.Swap) (bool, error) {
	if swap.New != nil || swap.Old == nil {
		return s.store.Swap(ctx, swap)
	}
	defer s.locks.lock([]string{swap.Key})() // a claim on its way comes first
	done, err := s.store.Swap(ctx, swap)
	if done && err == nil && s.withdrawn(swap.Key, registry.OwnerOf(swap.Old)) {
		s.save()
		s.tell()
	}
	return done, err
}

// withdrawn takes key from all holders that have it for the id, and reports whether
// one did. One whose client is at work claims it anew.
func (s *Server) withdrawn(key, id string) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forget(map[string]string{key: id}, nil)
}
