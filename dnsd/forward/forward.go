// Package forward asks other resolvers what dnsd does not know itself, and
// remembers what they say.
//
// Each attempt uses a fresh socket (a random source port) and a random id; a
// reply counts only with that id and the same question (RFC 5452). A truncated
// reply is asked for again over TCP. An upstream that fails is left for the
// next one, which then stays first. Names of a stub zone have upstreams of
// their own. When no upstream answers, what was remembered is said even after
// its TTL (RFC 8767).
package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// attempt bounds one try at one upstream; a client waits 5 s in all.
const attempt = 1500 * time.Millisecond

// patience is how long upstreams are waited for where there is an old reply.
const patience = 1800 * time.Millisecond

// Forwarder asks upstreams. All fields are set before the first question.
type Forwarder struct {
	Upstreams []netip.AddrPort // none: only names of stub zones are asked for
	Stubs     []Stub
	CacheSize int                   // replies to remember; 0: none
	OnFailure func(upstream string) // told of each attempt without a usable reply; may be nil
	OnCache   func(result string)   // told hit, miss or stale for each question; may be nil

	once  sync.Once
	all   pool
	cache cache
}

// A Stub is a zone that certain servers know.
type Stub struct {
	Zone      string // fully qualified, lower case
	Upstreams []netip.AddrPort
}

// A pool is the upstreams of a zone, asked in order beginning with the one
// that answered last.
type pool struct {
	zone      string
	upstreams []netip.AddrPort
	first     *atomic.Uint32
	stubs     []pool
}

func (f *Forwarder) init() {
	f.all = pool{".", f.Upstreams, new(atomic.Uint32), nil}
	for _, s := range f.Stubs {
		f.all.stubs = append(f.all.stubs, pool{s.Zone, s.Upstreams, new(atomic.Uint32), nil})
	}
	f.cache.size = f.CacheSize
}

// of is the pool of the longest zone that a name is in.
func (p *pool) of(name string) *pool {
	best := p
	for i := range p.stubs {
		if s := &p.stubs[i]; dns.IsSubDomain(s.zone, strings.ToLower(name)) && len(s.zone) > len(best.zone) {
			best = s
		}
	}
	return best
}

// Exchange answers q with query's RD, CD and DO bits: from what is remembered,
// else by the first upstream that says something other than SERVFAIL or
// REFUSED, each being asked once, or twice where there is one. The reply's own
// OPT is taken off. The error names the last upstream; a reply that says
// SERVFAIL or REFUSED is better than an error, an old one better than that.
func (f *Forwarder) Exchange(ctx context.Context, query *dns.Msg, q dns.Question) (*dns.Msg, error) {
	f.once.Do(f.init)
	ask := new(dns.Msg)
	ask.Question = []dns.Question{q}
	ask.RecursionDesired, ask.CheckingDisabled = query.RecursionDesired, query.CheckingDisabled
	opt := query.IsEdns0()
	ask.SetEdns0(1232, opt != nil && opt.Do())

	k := keyOf(ask)
	old, fresh := f.cache.get(k, time.Now())
	if fresh {
		f.cached("hit")
		return old, nil
	}
	if old != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	reply, err := f.ask(ctx, f.all.of(q.Name), ask)
	if old != nil && (err != nil || reply.Rcode == dns.RcodeServerFailure || reply.Rcode == dns.RcodeRefused) {
		f.cached("stale")
		return old, nil
	}
	f.cached("miss")
	if err == nil {
		f.cache.put(k, reply, time.Now())
	}
	return reply, err
}

func (f *Forwarder) cached(result string) {
	if f.OnCache != nil {
		f.OnCache(result)
	}
}

// ask asks the upstreams of a pool.
func (f *Forwarder) ask(ctx context.Context, p *pool, ask *dns.Msg) (*dns.Msg, error) {
	var poor *dns.Msg
	err := errors.New("no upstream is configured")
	first, tries := int(p.first.Load()), max(2, len(p.upstreams))
	for i := range tries {
		if len(p.upstreams) == 0 || ctx.Err() != nil {
			break
		}
		at := (first + i) % len(p.upstreams)
		upstream := p.upstreams[at].String()
		var reply *dns.Msg
		if reply, err = try(ctx, upstream, ask); err == nil {
			reply.Extra = without(reply.Extra, dns.TypeOPT)
			if reply.Rcode != dns.RcodeServerFailure && reply.Rcode != dns.RcodeRefused {
				p.first.Store(uint32(at))
				return reply, nil
			}
			poor = reply
		}
		if f.OnFailure != nil {
			f.OnFailure(upstream)
		}
	}
	if poor != nil {
		return poor, nil
	}
	return nil, err
}

func try(ctx context.Context, upstream string, ask *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	reply, err := over(ctx, "udp", upstream, ask)
	if err == nil && reply.Truncated {
		reply, err = over(ctx, "tcp", upstream, ask)
	}
	if err != nil {
		return nil, fmt.Errorf("upstream %s: %w", upstream, err)
	}
	return reply, nil
}

func over(ctx context.Context, network, upstream string, ask *dns.Msg) (*dns.Msg, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, upstream)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	deadline, _ := ctx.Deadline()
	raw.SetDeadline(deadline)
	conn := &dns.Conn{Conn: raw, UDPSize: 65535}
	ask = ask.Copy()
	ask.Id = dns.Id()
	if err := conn.WriteMsg(ask); err != nil {
		return nil, err
	}
	for {
		reply, err := conn.ReadMsg()
		switch {
		case err == nil && replies(reply, ask):
			return reply, nil
		case err != nil && (network == "tcp" || isNet(err)):
			return nil, err
		}
		// Over UDP anyone may have sent this: wait on for the real one.
	}
}

func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n)
}

// replies says whether reply can be one to ask.
func replies(reply, ask *dns.Msg) bool {
	if reply.Id != ask.Id || !reply.Response || len(reply.Question) != 1 {
		return false
	}
	have, want := reply.Question[0], ask.Question[0]
	return have.Qtype == want.Qtype && have.Qclass == want.Qclass && strings.EqualFold(have.Name, want.Name)
}

func without(rrs []dns.RR, rrtype uint16) []dns.RR {
	var kept []dns.RR
	for _, rr := range rrs {
		if rr.Header().Rrtype != rrtype {
			kept = append(kept, rr)
		}
	}
	return kept
}
