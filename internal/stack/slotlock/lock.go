package slotlock

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/registry"
)

// FreeFor is how long nobody must have had a lock before a standby takes it: longer
// than a runner takes to be there again, or its host's store agent.
const FreeFor = time.Minute

// cutOffFor is how long a holder goes on at least that cannot ask the store, without
// what passes between two renewals.
const cutOffFor = 45 * time.Second

// aMoment is for how long a host may be suspended under a lock: the two clocks that tell of
// it are not read at once.
const aMoment = time.Second

// look is how often a holder looks whether it still is one.
const look = 250 * time.Millisecond

// Lock is one host's part in the lock of a slot.
type Lock struct {
	Store  registry.Store
	Key    string
	Own    Holder
	Main   bool          // this host is the slot's own: it takes the lock at once, unless it has seen another have it
	Margin time.Duration // what a stop takes at most; in whole seconds
	Log    *slog.Logger
	Free   time.Duration // how long nobody must have had it before a standby takes it; 0 means FreeFor
	TTL    time.Duration // of the lease; 0 means as long as Margin calls for

	slept func() time.Duration // for how long the host was suspended so far; nil: the kernel says so
}

// State is how the lock stands for this host.
type State struct {
	Held   bool
	By     string    // host that has it; "": no other, as far as is known
	Free   time.Time // since when nobody has it; zero: somebody has, or it is not known
	Reason string    // why it is neither held nor known whose it is; "" where it is
}

// Known reports whether it is known who has the lock, or that nobody has.
func (s State) Known() bool { return s.Held || s.By != "" || !s.Free.IsZero() }

// Standby says why this host has to wait, where it does for a lock that is another's or
// nobody's.
func (s State) Standby() string {
	switch {
	case s.By != "":
		return "it runs on " + s.By
	case !s.Free.IsZero():
		return fmt.Sprintf("it runs nowhere since %s, and starts here %s later", s.Free.UTC().Format("15:04:05 UTC"), FreeFor)
	}
	return ""
}

// keeper is a Lock at work.
type keeper struct {
	Lock
	on    func(State)
	said  State
	other bool // another was seen to have it
}

// Run takes the lock as soon as it may, and keeps it, again and again until ctx is
// done. Then it gives it back; with the cause registry.ErrHandOver the key stays, for a
// successor of the same id or until its lease ends. on is called on each change, by one
// goroutine.
func (l Lock) Run(ctx context.Context, on func(State)) {
	if l.Free == 0 {
		l.Free = FreeFor
	}
	if l.TTL == 0 {
		l.TTL = l.Margin + cutOffFor
	}
	if l.slept == nil {
		l.slept = slept
	}
	k := &keeper{Lock: l, on: on}
	for k.await(ctx) {
		k.hold(ctx)
	}
}

func (k *keeper) say(s State) {
	if s != k.said {
		k.said = s
		k.on(s)
	}
}

// sight is what the store has at the key.
type sight struct {
	trouble error // why that is not known
	is      *Holder
	changes int // of the key so far: of those that come together the last is told
}

// watch follows the key until ctx is done. Locks are few and seldom change: one watch
// for all of them does for a host's services.
func (k *keeper) watch(ctx context.Context, seen chan sight) {
	var now sight
	tell := func() {
		select {
		case <-seen: // superseded
		default:
		}
		seen <- now
	}
	k.Store.Watch(ctx, Prefix, func(b registry.Batch) {
		if b.Complete {
			now.is = nil
		}
		for _, c := range b.Changes {
			if c.Key != k.Key {
				continue
			}
			now.changes++
			if now.is = nil; c.Value != nil {
				h := holderOf(c.Value)
				now.is = &h
			}
		}
		now.trouble = nil
		tell()
	}, func(err error) {
		if err != nil {
			now.trouble = err
			tell()
		}
	})
}

// await waits until the lock may be taken, and reports whether ctx is not done.
//
// A key that is gone may have been deleted under its holder, or the store been wiped:
// that the holder has it again takes a moment. So also the main host waits for a lock
// that it has seen another have.
func (k *keeper) await(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	seen := make(chan sight, 1)
	var work sync.WaitGroup
	work.Go(func() { k.watch(ctx, seen) })
	defer work.Wait()
	defer cancel()
	var free time.Time
	changes := 0 // when it was found free
	late := time.NewTimer(0)
	late.Stop()
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-late.C:
			return true
		case s := <-seen:
			switch {
			case s.trouble != nil:
				late.Stop()
				free = time.Time{}
				k.say(State{Reason: s.trouble.Error()})
			case s.is != nil && s.is.ID == k.Own.ID:
				return true
			case s.is != nil:
				late.Stop()
				free, k.other = time.Time{}, true
				k.say(State{By: s.is.Host})
			case k.Main && !k.other:
				return true
			case free.IsZero() || s.changes != changes:
				free, changes = time.Now(), s.changes
				late.Reset(k.Free)
				k.say(State{Free: free})
			}
		}
	}
}

// hold takes the lock and keeps it until another has it, until it cannot be renewed, until
// the host was suspended, which a lease does not count, or until ctx is done. Once it was not sure of the lock for a moment it never is again: it
// has to be claimed anew.
func (k *keeper) hold(ctx context.Context) {
	lease, err := k.Store.NewLease(k.TTL)
	if err != nil {
		k.say(State{Reason: err.Error()})
		<-ctx.Done()
		return
	}
	states := make(chan registry.HoldState, 1)
	end := registry.Holding(context.WithoutCancel(ctx), func(ctx context.Context) {
		var work sync.WaitGroup
		work.Go(func() { k.givenBack(lease.Run(ctx)) })
		work.Go(func() {
			k.givenBack(lease.Hold(ctx, []registry.Item{{Key: k.Key, Value: registry.Encode(k.Own), ID: k.Own.ID}}, func(s registry.HoldState) {
				select {
				case <-states: // superseded
				default:
				}
				states <- s
			}))
		})
		work.Wait()
	})
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	held, before := false, k.slept()
	var until time.Duration // by sinceBoot: the lock is sure to be ours
	var s registry.HoldState
	for {
		select {
		case <-ctx.Done():
			end(context.Cause(ctx))
			return
		case s = <-states:
		case <-ticker.C:
		}
		now := sinceBoot()
		sure := lease.Remains() - k.Margin
		switch {
		case s.HeldBy != "":
			k.other = true
			if held {
				k.say(State{Reason: "another has taken the lock"})
			}
			end(nil)
			return
		case k.slept()-before > aMoment:
			k.say(State{Reason: "the host was suspended: the lock " + k.Key + " has to be claimed anew"})
			end(registry.ErrHandOver)
			return
		case held && now >= until, held && sure <= 0:
			k.say(State{Reason: fmt.Sprintf("the lock %s cannot be renewed: %s", k.Key, orNoAnswer(s.Reason))})
			end(registry.ErrHandOver)
			return
		case held:
			until = now + sure
		case s.Held && sure > 0:
			held, until = true, now+sure
			k.say(State{Held: true})
		case s.Reason != "":
			k.say(State{Reason: fmt.Sprintf("the lock %s cannot be had: %s", k.Key, s.Reason)})
		}
	}
}

// givenBack says that the lock stays until its lease ends, where err is why it was not
// given back.
func (l Lock) givenBack(err error) {
	if err != nil {
		l.Log.Warn("the lock is given back late", "lock", l.Key, "err", err)
	}
}

func orNoAnswer(reason string) string {
	if reason == "" {
		return "the store does not answer"
	}
	return reason
}

// sinceBoot goes on while the host is suspended, as leases do in the store.
func sinceBoot() time.Duration { return clock(unix.CLOCK_BOOTTIME) }

// slept is for how long the host was suspended since its boot.
func slept() time.Duration { return sinceBoot() - clock(unix.CLOCK_MONOTONIC) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err) // Linux has CLOCK_BOOTTIME since 2.6.39
	}
	return time.Duration(t.Nano())
}
