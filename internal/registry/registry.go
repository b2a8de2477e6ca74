// Package registry is the contract between a store (etcd or Consul) and whoever keeps or follows
// records in it: a Store reads, watches and swaps keys, a Lease holds keys that go away with their
// holder. Each store is a package of its own below this one, package registrytest is the suite
// that all of them pass, and package open picks the one that host.json names.
//
// Three notions come from etcd. Another store maps them so:
//
//   - Revision is a number that grows with every write to the store. etcd: the revision of the
//     keyspace. Consul: X-Consul-Index, the index of the Raft log; a key's is its ModifyIndex. Only
//     the order within one cluster counts, so gaps do no harm.
//   - Cluster tells one store from another that took its place: a list of another cluster is no
//     newer state of the first. etcd: the cluster id of the response header. Consul has none, so
//     its package keeps a random one in the KV, at rundock/v1/cluster, which the first client to
//     list makes by check-and-set; 0 is not known. The same id is no proof of the same data: a store restored from
//     a backup keeps it, as does an etcd that was wiped and begins anew at the same addresses. Then
//     the revision tells, which went back.
//   - A lease id is a name, not a number: etcd's 64 bits in hexadecimal, Consul's session UUID.
package registry

import (
	"context"
	"errors"
	"time"
)

// Store is a client of one store. It is safe for concurrent use, connects on
// its own and never blocks on a store that is away: each call is bounded in
// time, and its error names the store's address.
type Store interface {
	// Watch gives on every key that begins with prefix (literally: end it with a
	// slash), first as one complete batch, then as changes as they come; those
	// that come while on is busy are put together, the last value of a key
	// counting. Batches come one at a time, in order, none missing.
	//
	// After any break (store restarted, leader or connection lost, history
	// compacted) it lists again and gives a complete batch: that alone is right
	// as well when the store came back older or other than it was. Until then on
	// is not called: the last known state is the caller's to keep.
	//
	// onHealth is told nil once a complete batch was given, and the reason when
	// the connection is lost or cannot be made; a repeated reason is not repeated.
	//
	// Watch returns nil when ctx is done. It tries for ever, at most 1 s apart.
	Watch(ctx context.Context, prefix string, on func(Batch), onHealth func(error)) error

	// NewLease returns a lease of ttl, in whole seconds, at least MinLease. Its
	// Run asks the store for it.
	NewLease(ttl time.Duration) (Lease, error)

	// Read returns the keys as they are now, in the order asked for. It is for
	// people who look around: nothing that lasts is made from it.
	Read(ctx context.Context, keys []string) ([]Found, error)

	// List returns all keys that begin with prefix, sorted, as they were at one
	// revision of the store: for people who look around, as Read is, and for
	// what a Swap is to be made of.
	List(ctx context.Context, prefix string) (keys []Listed, revision int64, err error)

	// Swap makes the write, or none, and reports whether it did. After an error
	// it may have been made all the same: read before trying again.
	Swap(ctx context.Context, s Swap) (bool, error)

	// Transact is Swap for several keys, each once, 20 at most: who reads sees all
	// of these writes, or none.
	Transact(ctx context.Context, swaps []Swap) (bool, error)

	// Left returns how long a lease lives on if it is not renewed; less than 0
	// when there is no such lease any more.
	Left(ctx context.Context, lease string) (time.Duration, error)

	// Close ends the connection. Watches and leases must have ended before.
	Close() error
}

// MinLease is the shortest lease: below it, a slow disk or the election of a
// leader costs records of services that are well.
const MinLease = 5 * time.Second

// ErrHandOver as a context's cause (context.WithCancelCause) ends a Lease and
// its Hold without taking the keys away: a successor with the same id takes
// them over, and if none comes they go with the lease.
var ErrHandOver = errors.New("hand over")

// Lease is what keys are held under: the store deletes them unless it is
// renewed. It is granted ahead of need, so that announcing costs one round
// trip.
type Lease interface {
	// Run grants the lease and renews it until ctx is done; then it revokes it,
	// unless the cause is ErrHandOver. A lease that the store no longer knows is
	// replaced by a new one. It returns nil when that is finished, within 3 s,
	// and an error if the lease could not be revoked.
	Run(ctx context.Context) error

	// Hold keeps items in the store under the lease, which must be running,
	// until ctx is done; then it takes them away and returns nil, or after 3 s an
	// error saying that they will go with the lease. With the cause ErrHandOver
	// it leaves them. Either way it has finished when it returns.
	//
	// A key with another's id is left alone and waited for. Whatever happens to
	// our keys meanwhile (deleted or overwritten by hand, lease lost, store wiped
	// or restored) is put right; an unreachable store is tried for ever.
	//
	// onState is called on each change, from this goroutine.
	Hold(ctx context.Context, items []Item, onState func(HoldState)) error

	// Remains is how long the store keeps keys at least that are held under the
	// lease, should it not answer from now on: it counts from when the last renewal
	// was sent that was answered. It is 0 or less where there is no such lease.
	Remains() time.Duration
}

// HoldState says how a Hold stands.
type HoldState struct {
	Held   bool   // the keys are there, as far as can be known: put, and the lease not over
	Reason string // why they are not, or what endangers them; "" when all is well
	HeldBy string // whose id is in the way
	Lacks  string // of keys that are to be in two stores: why the second one lacks them
	Second bool   // of such: the second one has them
}
