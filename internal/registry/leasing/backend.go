// Package leasing is registry.Lease over any store that can grant, renew and
// revoke a lease and claim keys under it: when to do which of these, and what
// holds whatever happens to the lease or to the keys meanwhile. What a store
// does in its own way is its Backend.
package leasing

import (
	"context"
	"errors"
	"time"

	"rundock/internal/registry"
)

// ErrGone is what a Backend says of a lease that its store does not know.
var ErrGone = errors.New("the store does not know the lease")

// Backend is one store's part of a lease. Each call is bounded in time but
// Changed; its error is one line that names the store and its address. All are
// safe for concurrent use.
type Backend interface {
	// Grant makes a lease of ttl.
	Grant(ctx context.Context, ttl time.Duration) (id string, err error)
	// Renew begins the life of a lease anew, and returns how long ago it did: 0
	// where the store was asked just now. ErrGone: there is no such lease.
	Renew(ctx context.Context, id string, ttl time.Duration) (age time.Duration, err error)
	// Revoke ends a lease and takes away the keys that are under it. A lease
	// that is gone is no error.
	Revoke(ctx context.Context, id string) error

	// Claim puts all items under the lease, or none if a key is another's. Keys
	// of an item's own id are put over, so that watchers see no gap, and those
	// that already are as they should be are left alone. ErrGone: there is no
	// such lease. The end of ctx does not cut off what the store was asked for,
	// unless a Revoke waits for that by itself.
	Claim(ctx context.Context, lease string, items []registry.Item) (Claimed, error)
	// Changed returns nil once one of the items' keys changed after revision,
	// and also where that cannot be excluded, as of a store that was replaced.
	// It returns an error when it cannot tell any more.
	Changed(ctx context.Context, revision int64, items []registry.Item) error

	// NoAnswer is the error of a store that did not answer within d.
	NoAnswer(d time.Duration) error
	// Expiry is how long after its last renewal a lease of ttl may live.
	Expiry(ttl time.Duration) time.Duration
}

// Claimed says whose the keys of a claim are: ours, or another's.
type Claimed struct {
	Revision int64  // of the store, as of which it is true
	HeldBy   string // id of the other; "": all keys are ours
	HeldKey  string // which of the keys is the other's
}
