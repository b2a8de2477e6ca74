package registrytest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
)

// Announcer is a running lease and hold, as a process would have.
type Announcer struct {
	t      *testing.T
	store  registry.Store
	key    string
	cancel context.CancelCauseFunc
	done   chan error

	mu     sync.Mutex
	states []registry.HoldState
}

// Item is a record of id at the key /s/web/node-1.
func Item(id, value string) registry.Item {
	return registry.Item{Key: "/s/web/node-1", Value: fmt.Appendf(nil, `{"host":%q,"id":%q}`, value, id), ID: id}
}

// Announce holds items under a lease of ttl until the test or End ends it.
func Announce(t *testing.T, store registry.Store, ttl time.Duration, items ...registry.Item) *Announcer {
	t.Helper()
	lease, err := store.NewLease(ttl)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &Announcer{t: t, store: store, key: items[0].Key, cancel: cancel, done: make(chan error, 1)}
	leaseDone := make(chan error, 1)
	go func() { leaseDone <- lease.Run(ctx) }()
	go func() {
		err := lease.Hold(ctx, items, func(s registry.HoldState) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.states = append(a.states, s)
		})
		if leaseErr := <-leaseDone; err == nil {
			err = leaseErr
		}
		a.done <- err
	}()
	t.Cleanup(func() { cancel(nil) })
	return a
}

// End ends the lease and the hold, and returns what they returned.
func (a *Announcer) End(cause error) error {
	a.t.Helper()
	a.cancel(cause)
	select {
	case err := <-a.done:
		a.done <- err
		return err
	case <-time.After(await.Deadline):
		a.t.Fatal("the hold did not end")
		return nil
	}
}

// State is what Hold said last.
func (a *Announcer) State() registry.HoldState {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.states) == 0 {
		return registry.HoldState{}
	}
	return a.states[len(a.states)-1]
}

// Reason is why the keys are not held, or what endangers them.
func (a *Announcer) Reason() string { return a.State().Reason }

// Held reports whether all is well.
func (a *Announcer) Held() bool { return a.State() == registry.HoldState{Held: true} }

// Troubles is how often Hold gave a reason. Trouble that is over before anybody
// looks at State is counted, too.
func (a *Announcer) Troubles() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.states {
		if s.Reason != "" {
			n++
		}
	}
	return n
}

// said is how often Hold said something.
func (a *Announcer) said() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.states)
}

// leaseName is the lease that the store has the first key under, "" if none.
func (a *Announcer) leaseName() string {
	found, err := a.store.Read(a.t.Context(), []string{a.key})
	if err != nil {
		return ""
	}
	return found[0].Lease
}
