// Package forward asks other resolvers what dnsd does not know itself, and
// remembers what they say.
//
// Each attempt uses a fresh socket (a random source port) and a random id; a
// reply counts only with that id and the same question (RFC 5452). A truncated
// reply is asked for again over TCP. Who asks what is being asked already
// waits for that reply. Names of a stub zone have upstreams of their own.
//
// Upstreams are asked in the order given, those that failed last, until they
// reply again: see upstream. When none answers, what was remembered is said
// even after its TTL (RFC 8767).
package forward

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// patience bounds the asking of upstreams for one question, and so is the
	// longest that a client waits, who gives up after 5 s.
	patience = 4 * time.Second
	// stalePatience is how long upstreams are waited for where there is an old
	// reply. Where all of them failed lately they are not.
	stalePatience = 1800 * time.Millisecond
)

// Forwarder asks upstreams. All fields are set before the first question.
type Forwarder struct {
	Upstreams []netip.AddrPort // none: only names of stub zones are asked for
	Stubs     []Stub
	CacheSize int // replies to remember; 0: none
	// Watch, which may be nil, is told what happens.
	Watch Watcher

	once    sync.Once
	all     pool
	known   []*upstream
	cache   cache
	mu      sync.Mutex // guards flights
	flights map[key]*flight
}

// Where replies come from.
const (
	Forwarded = "forwarded" // an upstream
	Cache     = "cache"     // remembered
	Stale     = "stale"     // remembered, and past its time
	Nowhere   = "nowhere"   // there is none
)

// A Stub is a zone that certain servers know.
type Stub struct {
	Zone      string // fully qualified, lower case
	Upstreams []netip.AddrPort
}

func (f *Forwarder) init() {
	if f.Watch == nil {
		f.Watch = nobody{}
	}
	f.all = f.pool(".", f.Upstreams)
	for _, s := range f.Stubs {
		f.all.stubs = append(f.all.stubs, f.pool(s.Zone, s.Upstreams))
	}
	f.cache.size = f.CacheSize
	f.flights = map[key]*flight{}
}

// pool makes one of addresses. What is known of one is known in all pools.
func (f *Forwarder) pool(zone string, addresses []netip.AddrPort) pool {
	p := pool{zone: zone}
	for _, a := range addresses {
		p.upstreams = append(p.upstreams, f.upstream(a.String()))
	}
	return p
}

func (f *Forwarder) upstream(address string) *upstream {
	for _, u := range f.known {
		if u.address == address {
			return u
		}
	}
	u := newUpstream(address, f.Watch)
	f.known = append(f.known, u)
	return u
}

// Run sees to upstreams that failed until ctx is done. Without it they are
// asked last for good, or until all others fail.
func (f *Forwarder) Run(ctx context.Context) error {
	f.once.Do(f.init)
	var all sync.WaitGroup
	for _, u := range f.known {
		all.Go(func() { u.attend(ctx) })
	}
	all.Wait()
	return nil
}

// Exchange answers q with query's RD, CD and DO bits: from what is remembered,
// else by the first upstream that says NOERROR or NXDOMAIN, each being asked once,
// or twice where there is one. The reply's own
// OPT is taken off, and its names are written as q writes them. The error
// names the last upstream; a reply that says something else, as SERVFAIL or REFUSED, is better
// than an error, an old one better than that.
func (f *Forwarder) Exchange(ctx context.Context, query *dns.Msg, q dns.Question) (reply *dns.Msg, source string, err error) {
	f.once.Do(f.init)
	ask := new(dns.Msg)
	ask.Question = []dns.Question{{Name: strings.ToLower(q.Name), Qtype: q.Qtype, Qclass: q.Qclass}}
	ask.RecursionDesired, ask.CheckingDisabled = query.RecursionDesired, query.CheckingDisabled
	opt := query.IsEdns0()
	ask.SetEdns0(1232, opt != nil && opt.Do())

	reply, source, err = f.find(ctx, ask)
	f.Watch.Found(source)
	if err != nil {
		return nil, source, err
	}
	spell(reply, q.Name)
	return reply, source, nil
}

// find returns a copy of a reply to ask.
func (f *Forwarder) find(ctx context.Context, ask *dns.Msg) (reply *dns.Msg, source string, err error) {
	k := keyOf(ask)
	old, fresh := f.cache.get(k, time.Now())
	if fresh {
		return old, Cache, nil
	}
	fl := f.flight(k, ask)
	if old != nil {
		wait := stalePatience
		if fl.pool.failed() {
			wait = 0
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	reply, err = fl.wait(ctx)
	switch {
	case old != nil && (err != nil || poor(reply)):
		return old, Stale, nil
	case err != nil:
		return nil, Nowhere, err
	}
	return reply.Copy(), Forwarded, nil
}

// A flight is a question that upstreams are being asked, for all who ask it
// meanwhile.
type flight struct {
	pool  *pool
	done  chan struct{}
	reply *dns.Msg // once done is closed; the same for all, who copy it
	err   error
}

// flight returns the one of a question, which begins with it if there is none.
func (f *Forwarder) flight(k key, ask *dns.Msg) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.flights[k]; fl != nil {
		f.Watch.Merged()
		return fl
	}
	fl := &flight{pool: f.all.of(ask.Question[0]), done: make(chan struct{})}
	f.flights[k] = fl
	go func() {
		// Who asked first may have gone, with others still waiting.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if fl.reply, fl.err = fl.pool.ask(ctx, ask); fl.err == nil {
			f.cache.put(k, fl.reply, time.Now())
		}
		f.mu.Lock()
		delete(f.flights, k)
		f.mu.Unlock()
		close(fl.done)
	}()
	return fl
}

// wait returns the reply unless ctx is done first.
func (fl *flight) wait(ctx context.Context) (*dns.Msg, error) {
	select {
	case <-fl.done:
		return fl.reply, fl.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// spell writes the records of name with the letters it has there, as a client
// that checks them (0x20) wants.
func spell(reply *dns.Msg, name string) {
	for _, rrs := range [][]dns.RR{reply.Answer, reply.Ns, reply.Extra} {
		for _, rr := range rrs {
			if h := rr.Header(); strings.EqualFold(h.Name, name) {
				h.Name = name
			}
		}
	}
}
