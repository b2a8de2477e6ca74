package forward

import (
	"context"
	"errors"

	"github.com/miekg/dns"
)

// A pool is the upstreams of a zone, in the order they are preferred in.
type pool struct {
	zone      string
	upstreams []*upstream
	stubs     []pool
}

// of is the pool to ask q of: that of the longest zone its name is in. DS is the
// business of the zone above (RFC 4035 section 3.1.4.1), where that one can be asked.
func (p *pool) of(q dns.Question) *pool {
	if q.Qtype == dns.TypeDS {
		above, _ := dns.NextLabel(q.Name, 0)
		if pool := p.longest(dns.Fqdn(q.Name[above:])); len(pool.upstreams) > 0 {
			return pool
		}
	}
	return p.longest(q.Name)
}

func (p *pool) longest(name string) *pool {
	best := p
	for i := range p.stubs {
		if s := &p.stubs[i]; dns.IsSubDomain(s.zone, name) && len(s.zone) > len(best.zone) {
			best = s
		}
	}
	return best
}

// ask asks the upstreams of a pool in turn, those that rest last.
func (p *pool) ask(ctx context.Context, ask *dns.Msg) (*dns.Msg, error) {
	order := p.order()
	if len(order) == 1 {
		order = append(order, order[0])
	}
	err := errors.New("no upstream is configured")
	var worst *dns.Msg
	var blamed []*upstream // they said what another knew better
	for _, u := range order {
		if ctx.Err() != nil {
			break
		}
		var reply *dns.Msg
		reply, err = u.try(ctx, ask)
		switch {
		case err == nil && poor(reply):
			worst, blamed = reply, append(blamed, u)
		case err == nil:
			for _, each := range blamed {
				each.fails(errPoor)
			}
			return reply, nil
		}
	}
	if worst != nil {
		return worst, nil
	}
	return nil, err
}

// order is the upstreams in the order they are to be asked.
func (p *pool) order() []*upstream {
	var first, last []*upstream
	for _, u := range p.upstreams {
		if u.resting() {
			last = append(last, u)
		} else {
			first = append(first, u)
		}
	}
	return append(first, last...)
}

// failed says whether all upstreams rest.
func (p *pool) failed() bool {
	for _, u := range p.upstreams {
		if !u.resting() {
			return false
		}
	}
	return true
}
