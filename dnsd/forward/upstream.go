package forward

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"rundock/internal/pause"

	"github.com/miekg/dns"
)

const (
	// An upstream that failed rests for so long at first, and twice as long
	// after each further failure, at most the longest.
	firstRest, longestRest = time.Second, 30 * time.Second
	// downAfter is how many failures in a row make an upstream be called down.
	downAfter = 3
)

// errPoor is the failure of an upstream to know what another one knows.
var errPoor = errors.New("it says SERVFAIL, REFUSED or the like where another upstream answers")

// An upstream is a resolver, and how it does. One that fails (no reply, or
// SERVFAIL or the like where another knows the answer) rests: it is asked when all others
// fail. Then it is asked whether it lives, which costs no client's time, and
// if it replies, for answers again.
type upstream struct {
	address string
	watch   Watcher
	fell    chan struct{} // wakes who attends to it

	mu       sync.Mutex
	failures int   // in a row
	err      error // of the last
	rests    bool
}

func newUpstream(address string, watch Watcher) *upstream {
	return &upstream{address: address, watch: watch, fell: make(chan struct{}, 1)}
}

// try asks an upstream once and notes how that went.
func (u *upstream) try(ctx context.Context, ask *dns.Msg) (*dns.Msg, error) {
	reply, err := exchange(ctx, u.address, ask)
	u.watch.Asked(u.address, err == nil && !poor(reply))
	switch {
	case err != nil && ctx.Err() == nil: // else it had no time left
		u.fails(err)
	case err == nil && !poor(reply):
		u.answers()
	}
	return reply, err
}

func (u *upstream) fails(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failures, u.err, u.rests = u.failures+1, err, true
	if u.failures == downAfter {
		u.watch.Turned(u.address, err)
	}
	select {
	case u.fell <- struct{}{}:
	default:
	}
}

func (u *upstream) answers() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failures >= downAfter {
		u.watch.Turned(u.address, nil)
	}
	u.failures, u.err, u.rests = 0, nil, false
}

// lives notes that an upstream replied to who asked whether it lives. One that
// had no answers is up only once it has.
func (u *upstream) lives() {
	u.mu.Lock()
	poor := u.err == errPoor
	if poor {
		u.rests = false
	}
	u.mu.Unlock()
	if !poor {
		u.answers()
	}
}

func (u *upstream) resting() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.rests
}

// rest is how long an upstream is left alone, which differs a little, so that
// the servers of a site do not ask it all at once.
func (u *upstream) rest() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	long := longestRest
	if shift := max(0, u.failures-1); shift < 5 {
		long = firstRest << shift
	}
	return long + rand.N(long/4)
}

// attend asks an upstream that rests whether it lives, until ctx is done.
func (u *upstream) attend(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.fell:
		}
		for u.resting() {
			if pause.For(ctx, u.rest()) != nil {
				return
			}
			if u.resting() {
				u.probe(ctx)
			}
		}
	}
}

// probe asks for the root's name servers without recursion, which a resolver
// replies to, if only by a refusal, from what it has at hand.
func (u *upstream) probe(ctx context.Context) {
	ask := new(dns.Msg).SetQuestion(".", dns.TypeNS)
	ask.RecursionDesired = false
	if _, err := exchange(ctx, u.address, ask); err == nil {
		u.lives()
	} else if ctx.Err() == nil {
		u.fails(err)
	}
}
