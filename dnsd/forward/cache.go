package forward

import (
	"container/list"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Bounds of what is remembered.
const (
	maxPositive = 24 * time.Hour
	maxNegative = 5 * time.Minute
	maxStale    = 24 * time.Hour // beyond the TTL, for when no upstream answers
	staleTTL    = 30             // seconds, of stale records (RFC 8767)
)

// A cache remembers replies for their TTL, at most size of them, the least
// recently used going first; and for longer, in case of need.
type cache struct {
	mu     sync.Mutex
	size   int
	byKey  map[key]*list.Element
	recent list.List // of *remembered, the most recently used in front
}

type key struct {
	name   string // lower case
	qtype  uint16
	qclass uint16
	do, cd bool
}

type remembered struct {
	key     key
	reply   *dns.Msg
	at      time.Time
	expires time.Time
}

func keyOf(ask *dns.Msg) key {
	q := ask.Question[0]
	return key{q.Name, q.Qtype, q.Qclass, ask.IsEdns0().Do(), ask.CheckingDisabled}
}

// get returns a copy of what is remembered, its TTLs what is left of them, and
// whether it is fresh; nil for nothing.
func (c *cache) get(k key, now time.Time) (reply *dns.Msg, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[k]
	if e == nil {
		return nil, false
	}
	r := e.Value.(*remembered)
	if now.After(r.expires.Add(maxStale)) {
		c.remove(e)
		return nil, false
	}
	c.recent.MoveToFront(e)
	reply = r.reply.Copy()
	fresh = now.Before(r.expires)
	age := uint32(now.Sub(r.at) / time.Second)
	for _, rrs := range [][]dns.RR{reply.Answer, reply.Ns, reply.Extra} {
		for _, rr := range rrs {
			h := rr.Header()
			if !fresh {
				h.Ttl = staleTTL
			} else {
				h.Ttl -= min(age, h.Ttl)
			}
		}
	}
	return reply, fresh
}

// put remembers a reply if that is allowed.
func (c *cache) put(k key, reply *dns.Msg, now time.Time) {
	ttl := lifetime(reply)
	if c.size == 0 || ttl <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[key]*list.Element{}
	}
	if e := c.byKey[k]; e != nil {
		c.remove(e)
	}
	c.byKey[k] = c.recent.PushFront(&remembered{k, reply.Copy(), now, now.Add(ttl)})
	for c.recent.Len() > c.size {
		c.remove(c.recent.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	c.recent.Remove(e)
	delete(c.byKey, e.Value.(*remembered).key)
}

// lifetime is how long a reply may be remembered: the smallest TTL of its
// answer, or of a negative one what its SOA allows (RFC 2308); 0: not at all.
func lifetime(reply *dns.Msg) time.Duration {
	if reply.Truncated || reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		return 0
	}
	least := func(rrs []dns.RR) time.Duration {
		ttl := uint32(1<<31 - 1)
		for _, rr := range rrs {
			ttl = min(ttl, rr.Header().Ttl)
		}
		return time.Duration(ttl) * time.Second
	}
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(maxNegative, least(append([]dns.RR{soa}, reply.Answer...)), time.Duration(soa.Minttl)*time.Second)
		}
	}
	if len(reply.Answer) == 0 || reply.Rcode != dns.RcodeSuccess {
		return 0
	}
	return min(maxPositive, least(reply.Answer))
}
