// Package forward asks upstream resolvers what dnsd does not know itself.
//
// Each attempt uses a fresh socket (a random source port) and a random id; a
// reply counts only with that id and the same question (RFC 5452). A truncated
// reply is asked for again over TCP. An upstream that fails is left for the
// next one, which then stays first.
package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// attempt bounds one try at one upstream; a client waits 5 s in all.
const attempt = 1500 * time.Millisecond

// Forwarder asks Upstreams in order. OnFailure, which may be nil, is told of
// each attempt without a usable reply.
type Forwarder struct {
	Upstreams []netip.AddrPort
	OnFailure func(upstream string)

	first atomic.Uint32 // index of the upstream that answered last
}

// Exchange asks q with query's RD, CD and DO bits until an upstream says
// something other than SERVFAIL or REFUSED, each upstream once, or twice where
// there is one. The reply's own OPT is taken off. The error names the last
// upstream; a reply that says SERVFAIL or REFUSED is better than an error.
func (f *Forwarder) Exchange(ctx context.Context, query *dns.Msg, q dns.Question) (*dns.Msg, error) {
	ask := new(dns.Msg)
	ask.Question = []dns.Question{q}
	ask.RecursionDesired, ask.CheckingDisabled = query.RecursionDesired, query.CheckingDisabled
	opt := query.IsEdns0()
	ask.SetEdns0(1232, opt != nil && opt.Do())

	var poor *dns.Msg
	err := errors.New("no upstream is configured")
	first, tries := int(f.first.Load()), max(2, len(f.Upstreams))
	for i := range tries {
		if len(f.Upstreams) == 0 || ctx.Err() != nil {
			break
		}
		at := (first + i) % len(f.Upstreams)
		upstream := f.Upstreams[at].String()
		var reply *dns.Msg
		if reply, err = try(ctx, upstream, ask); err == nil {
			reply.Extra = without(reply.Extra, dns.TypeOPT)
			if reply.Rcode != dns.RcodeServerFailure && reply.Rcode != dns.RcodeRefused {
				f.first.Store(uint32(at))
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
