package slotlock

import (
	"context"
	"errors"
	"sync"
	"time"

	"rundock/internal/registry"
)

// ErrLost is the cause with which a context of Guard.Context ends.
var ErrLost = errors.New("the slot's lock is not held")

// Guard has a Lock at work, and tells how it stands. Start, Give and Leave are called by one goroutine.
type Guard struct {
	Lock Lock

	end   func(cause error) // nil: it is not at work
	given bool              // it was given back

	mu      sync.Mutex
	state   State
	changed chan struct{}   // closed and replaced when state changes; nil: nobody waits
	held    context.Context // ends with the lock; nil: it is not held
	lose    context.CancelFunc
}

// Start takes the lock from now on, and waits until it is known whose it is, for
// patience at most.
func (g *Guard) Start(ctx context.Context, patience time.Duration) {
	if g.end != nil {
		return
	}
	g.given = false
	g.end = registry.Holding(context.WithoutCancel(ctx), func(ctx context.Context) { g.Lock.Run(ctx, g.set) })
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		state, changed := g.Now()
		if state.Known() {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Give gives the lock back, and returns when that is done, within a few seconds. Of a Guard that
// was never at work that is what a process before has left, if it was of the same id: the caller
// sees to it that no other of that id is at work.
func (g *Guard) Give() {
	if g.end == nil && !g.given {
		_, err := registry.Drop(context.Background(), g.Lock.Store, []string{g.Lock.Key}, g.Lock.Own.ID)
		g.Lock.givenBack(err)
	}
	g.given = true
	g.stop(nil)
}

// Leave leaves the lock to a successor.
func (g *Guard) Leave() { g.stop(registry.ErrHandOver) }

func (g *Guard) stop(cause error) {
	if g.end == nil {
		return
	}
	g.end(cause)
	g.end = nil
	g.set(State{})
}

// Now is how the lock stands, and what is closed when that changes.
func (g *Guard) Now() (State, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return g.state, g.changed
}

func (g *Guard) set(s State) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = s
	switch {
	case s.Held && g.held == nil:
		g.held, g.lose = context.WithCancel(context.Background())
	case !s.Held && g.held != nil:
		g.lose()
		g.held = nil
	}
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// Context ends with ctx, and when the lock is not held any more: at once where it is not.
func (g *Guard) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancelCause(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		cancel(ErrLost)
		return inner, func() { cancel(nil) }
	}
	stop := context.AfterFunc(g.held, func() { cancel(ErrLost) })
	return inner, func() { stop(); cancel(nil) }
}
