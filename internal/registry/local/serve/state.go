package serve

import "errors"

// State is how a server stands.
type State struct {
	Clients int   // that are connected
	Keys    int   // that they hold
	Watches int   // of the store, each for all who watch the same
	Trouble error // why a lease is not renewed, or a watch is broken; nil: none is known
}

// State returns how the server stands now.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := State{Clients: s.clients, Watches: len(s.topics)}
	held := map[string]bool{} // by a predecessor and its successor alike
	for _, h := range s.holders {
		for key := range h.keys {
			held[key] = true
		}
	}
	now.Keys = len(held)
	for _, t := range s.topics {
		t.mu.Lock()
		if t.health != nil && *t.health != "" {
			now.Trouble = errors.New(*t.health)
		}
		t.mu.Unlock()
	}
	for _, l := range s.leases {
		if l.err != nil {
			now.Trouble = l.err
		}
	}
	return now
}

// Held are the keys that clients hold, with their values. A value is nil where it
// is not known, as the client of a predecessor has not claimed it anew, or where
// it is not known whether the store still has the lease. Keys that the store said
// are another's are none.
func (s *Server) Held() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := map[string][]byte{}
	for _, h := range s.holders {
		if h.ended {
			continue
		}
		for key := range h.keys {
			value, claimed := h.values[key]
			switch {
			case claimed && h.lease.err == nil:
				held[key] = value
			case held[key] == nil && !h.refused[key]:
				held[key] = nil
			}
		}
	}
	return held
}

// Notify has a token sent to wake, if there is room for it, when what Held returns
// may have changed, or how many clients there are.
func (s *Server) Notify(wake chan<- struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify = append(s.notify, wake)
}

func (s *Server) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, wake := range s.notify {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

func (s *Server) count(clients int) {
	s.mu.Lock()
	s.clients += clients
	s.mu.Unlock()
	s.tell()
}
