package serve

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// Store is what is served.
type Store interface {
	registry.Store
	leasing.Backend
}

// Server serves one store.
type Server struct {
	store Store
	file  string // of leases and holders
	log   *slog.Logger
	locks locks // of keys that are being claimed or deleted
	tasks sync.WaitGroup

	running chan struct{} // closed by Run

	saving sync.Mutex
	mu     sync.Mutex // guards what follows
	closed bool       // Run takes no more clients
	ctx    context.Context
	leases map[time.Duration]*lease
	// holders are all there are, also those that have ended and whose keys are
	// still to be deleted.
	holders map[string]*holder
	topics  map[string]*topic
	clients int // that are connected
	notify  []chan<- struct{}
}

// lease is one of the store's, which all holders of one lease time share.
// Server.mu guards its fields.
type lease struct {
	ttl     time.Duration
	granted chan struct{} // holds one token while the store is asked for a lease or to renew it
	hurried chan struct{} // holds one token when the store is to be asked at once

	id      string // "": the store has none for us
	renewed time.Time
	err     error              // why the last renewal failed, or there is none
	ready   chan struct{}      // closed and replaced when the store has renewed or granted it
	joining int                // clients that are about to be its holders
	stop    context.CancelFunc // ends its renewal; nil before Run
}

func newLease(ttl time.Duration) *lease {
	return &lease{ttl: ttl, granted: make(chan struct{}, 1), hurried: make(chan struct{}, 1), ready: make(chan struct{}), err: errors.New("the store's lease is not renewed yet")}
}

// holder is what a client calls a lease. Server.mu guards its fields.
type holder struct {
	id    string
	lease *lease
	busy  chan struct{} // holds one token while its keys are being deleted

	ends  time.Time         // unless the client renews it
	ended bool              // its keys are being deleted
	keys  map[string]string // key -> id of the record; also those whose claim failed
	// values are of the keys that are known to be claimed.
	values map[string][]byte
	// refused are those of keys that the store last said are another's.
	refused map[string]bool
	// doubt says that a claim got no answer: the store may yet make it.
	doubt bool
}

func newHolder(id string, l *lease) *holder {
	return &holder{id: id, lease: l, busy: make(chan struct{}, 1), ends: time.Now().Add(l.ttl), keys: map[string]string{}, values: map[string][]byte{}, refused: map[string]bool{}}
}

// topic is a watch of the store that all share who watch its prefix, and what is
// below the prefix as far as is known.
type topic struct {
	cancel context.CancelFunc
	users  int // guarded by Server.mu

	mu       sync.Mutex
	known    bool // a complete batch came
	state    map[string][]byte
	revision int64
	cluster  uint64
	health   *string // what was said last; nil: nothing yet
	watchers map[*watcher]bool
}

// watcher is one who watches: what he has not been given yet. topic.mu guards it.
type watcher struct {
	topic    *topic
	wake     chan struct{} // holds one token when there is something to take
	complete bool          // all that is known is to be given
	order    []string      // else the keys that changed, in the order in which they first did
	changed  map[string][]byte
	health   *string
}
