package switching

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"rundock/internal/control"
	"rundock/internal/cutover"
	"rundock/internal/registry"
)

// lead leads one attempt.
type lead struct {
	Request
	store registry.Store
	known *known
	poll  *poller
	host  string // where it runs
	say   func(string)

	began time.Time
	said  string
}

// outcome is how a call ended.
type outcome struct {
	control.SwitchOutcome
	none bool // of Refused: there is no such service
}

const (
	lockLease     = 10 * time.Second // how long the lock outlives a holder that was killed
	storePatience = 10 * time.Second
	lookEvery     = 200 * time.Millisecond // at the clock, besides each change
	pollPatience  = 3 * time.Second        // for the first poll
)

// run makes the switch, or with check finds out whether it could be made.
func (l *lead) run(ctx context.Context, check bool) outcome {
	l.began = time.Now()
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() { l.known.follow(stop, l.store) })
	o := outcome{SwitchOutcome: control.SwitchOutcome{Version: control.Version, Service: l.Service, To: l.To}}
	if err := l.known.ready(ctx, storePatience); err != nil {
		o.Unknown = err.Error()
		return o
	}
	work.Go(func() { l.poll.run(stop, l.wanted, l.known.tell) })
	v, over := l.preflight(ctx, &o, check)
	if over {
		return o
	}
	if check {
		o.Changed, o.Plan = true, plan(l.Request, v)
		return o
	}
	o.Attempt = newAttempt()
	lock := cutover.Lock{ID: o.Attempt, Who: l.Who, Host: l.host, To: l.To, Since: time.Now().UTC()}
	held, err := registry.Acquire(stop, l.store, lockLease, registry.Item{Key: cutover.LockKey(l.Service), Value: cutover.JSON(lock), ID: lock.ID})
	if err != nil {
		o.Refused = l.refusedLock(ctx, err)
		return o
	}
	defer held.Release()
	if err := l.resolve(ctx, stop); err != nil {
		o.Unknown = err.Error()
		return o
	}
	l.attempt(ctx, stop, held, &o)
	return o
}

// wanted are the instances of the wanted colour, as they are known.
func (l *lead) wanted() []cutover.Instance {
	_, found := l.known.view()
	return ofColour(found, l.To)
}

// preflight judges until the instances have been polled, or that takes too long.
// over says that the call is: o has how.
func (l *lead) preflight(ctx context.Context, o *outcome, check bool) (v cutover.View, over bool) {
	for {
		v, found := l.known.view()
		got := judge(l.Request, v, found, l.poll.polled(ofColour(found, l.To)))
		if v.State != nil {
			o.From, o.Active, o.LoadBalancers = v.State.Active, v.State.Active, v.LoadBalancers
		}
		if got.Done {
			return v, true
		}
		if got.Refuse == "" {
			return v, false
		}
		if time.Since(l.began) >= l.patience(got, check) || ctx.Err() != nil {
			o.Refused, o.none = got.Refuse, got.None
			return v, true
		}
		if time.Since(l.began) > pollEvery { // the first poll is under way before
			l.progress("waits: " + got.Refuse)
		}
		l.wait()
	}
}

// patience is how long it is waited for what a verdict says.
func (l *lead) patience(v verdict, check bool) time.Duration {
	switch {
	case v.Wait == waitLong && !check:
		return max(pollPatience, time.Duration(l.Timeout)*time.Second)
	case v.Wait != waitNot:
		return pollPatience
	}
	return 0
}

// refusedLock names who was faster.
func (l *lead) refusedLock(ctx context.Context, err error) string {
	if !errors.Is(err, registry.ErrHeld) {
		return err.Error()
	}
	for end := time.Now().Add(storePatience); time.Now().Before(end) && ctx.Err() == nil; l.wait() {
		if v, _ := l.known.view(); v.Lock != nil {
			return heldBy(l.Service, *v.Lock)
		}
	}
	return "another switch of " + l.Service + " is under way"
}

// resolve brings what an earlier attempt left to its end.
func (l *lead) resolve(ctx, store context.Context) error {
	for ctx.Err() == nil {
		v, _ := l.known.view()
		v.Lock = nil // it is ours
		step := cutover.Orphaned(v, time.Now())
		if step.Do == cutover.Done {
			return nil
		}
		l.progress("an earlier attempt: " + step.Why)
		l.make(store, v, step)
	}
	return context.Cause(ctx)
}

// attempt leads the attempt to its end. Where ctx is done before, it goes back.
func (l *lead) attempt(ctx, store context.Context, held *registry.Lock, o *outcome) {
	v, _ := l.known.view()
	if v.State == nil {
		o.Unknown = "the store has lost the state of " + l.Service
		return
	}
	o.From, o.Active = v.State.Active, v.State.Active
	if v.State.Active == l.To {
		return // by what an earlier attempt had left
	}
	for end := l.began.Add(l.limit()); ; {
		v, found := l.known.view()
		switch {
		case v.State == nil:
			o.Unknown = "the store has lost the state of " + l.Service
			return
		case v.State.Attempt != o.Attempt && v.State.Phase != cutover.Settled:
			o.Unknown = "another attempt has taken over: " + v.State.Who + " to " + v.State.To
			return
		case v.State.Attempt == o.Attempt && v.State.Phase == cutover.Settled:
			o.settled(*v.State)
			return
		case time.Now().After(end):
			o.Unknown = fmt.Sprintf("it has not ended after %s, in phase %s; load balancers bring it to an end when the lock is gone", l.limit(), v.State.Phase)
			return
		case v.State.Attempt != o.Attempt: // ours is not written yet
			l.progress(fmt.Sprintf("from %s to %s", v.State.Active, l.To))
			l.make(store, v, cutover.Step{Do: cutover.Write, Next: l.state(v.State.Active, o.Attempt, time.Now())})
			continue
		case !held.Now().Held && ctx.Err() != nil:
			o.Unknown = "told to stop without the lock; load balancers bring the attempt to an end: " + held.Now().Reason
			return
		case !held.Now().Held:
			l.progress("the lock: " + held.Now().Reason)
			l.wait()
			continue
		}
		step := cutover.Next(v, l.poll.polled(ofColour(found, l.To)), time.Now())
		if ctx.Err() != nil && v.State.Phase != cutover.Back {
			step = cutover.GoBack(*v.State, time.Now(), "rundockd switch of "+l.Who+" was told to stop")
		}
		l.progress(string(v.State.Phase) + ": " + step.Why)
		l.make(store, v, step)
	}
}

// settled says how an attempt ended.
func (o *outcome) settled(s cutover.State) {
	o.Active, o.Changed = s.Active, s.Active != o.From
	if s.Active != o.To {
		o.Back = s.Why
	}
}

// make writes what step says, and returns when the store tells of it, or of what
// another has written; or it waits for a change.
func (l *lead) make(store context.Context, v cutover.View, step cutover.Step) {
	if step.Do != cutover.Write {
		l.wait()
		return
	}
	if _, err := cutover.Commit(store, l.store, v, step); err != nil {
		l.progress(err.Error())
	}
	for end := time.Now().Add(storePatience); time.Now().Before(end); l.wait() {
		if now, _ := l.known.view(); !bytes.Equal(now.Raw, v.Raw) {
			return
		}
	}
}

// wait waits for a change, or a little.
func (l *lead) wait() {
	select {
	case <-l.known.changed:
	case <-time.After(lookEvery):
	}
}

// progress says what goes on, once.
func (l *lead) progress(text string) {
	// Times that count down are no news.
	if news := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return -1
		}
		return r
	}, text); news != l.said {
		l.said = news
		l.say(fmt.Sprintf("%6.2fs  %s", time.Since(l.began).Seconds(), text))
	}
}

func newAttempt() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}
