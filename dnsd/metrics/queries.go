package metrics

import (
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

// Queries counts the queries that one socket answers: a few additions to
// memory that no other core writes to. Set adds up all of them when asked.
type Queries struct {
	proto   int
	zones   int
	replies []atomic.Uint64                // by zone, type and rcode; see slot
	took    [len(bounds) + 1]atomic.Uint64 // queries by duration: up to the bound, or longer
	total   atomic.Int64                   // nanoseconds of them all
}

const (
	UDP = iota
	TCP
)

var protos = [...]string{"udp", "tcp"}

// types have a label of their own; all others are "other".
var types = [...]uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT, dns.TypePTR, dns.TypeSOA, dns.TypeNS,
	dns.TypeCNAME, dns.TypeMX, dns.TypeANY, dns.TypeHTTPS, dns.TypeDS, dns.TypeDNSKEY, dns.TypeCAA,
}

const rcodes = 16 // 0 to 15 by name; the rest is BADVERS

// bounds of durations, in nanoseconds.
var bounds = [...]time.Duration{
	5 * time.Microsecond, 10 * time.Microsecond, 25 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond,
	250 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond, 100 * time.Millisecond,
	500 * time.Millisecond, 2500 * time.Millisecond,
}

// typeSlot is the place of a type in types, by its number; the rest is other.
var typeSlot = func() (slots [258]uint8) {
	for i := range slots {
		slots[i] = uint8(len(types))
	}
	for i, t := range types {
		slots[t] = uint8(i)
	}
	return slots
}()

// NewQueries returns counters for a socket.
func (s *Set) NewQueries(proto int) *Queries {
	q := &Queries{proto: proto, zones: len(s.zones), replies: make([]atomic.Uint64, (len(s.zones)+1)*(len(types)+1)*(rcodes+1))}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = append(s.sockets, q)
	return q
}

// Replied counts a reply. A zone that is none (-1, 255) is counted as "other".
func (q *Queries) Replied(zone int, qtype uint16, rcode int) {
	if zone < 0 || zone > q.zones {
		zone = q.zones
	}
	t := len(types)
	if int(qtype) < len(typeSlot) {
		t = int(typeSlot[qtype])
	}
	q.replies[slot(zone, t, min(rcode, rcodes))].Add(1)
}

func slot(zone, qtype, rcode int) int {
	return (zone*(len(types)+1)+qtype)*(rcodes+1) + rcode
}

// Took counts n queries for the time each took.
func (q *Queries) Took(n int, d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	q.took[i].Add(uint64(n))
	q.total.Add(int64(n) * int64(d))
}

var (
	queriesDesc = prometheus.NewDesc("dnsd_queries_total", "Queries answered.", []string{"proto", "zone", "type", "rcode"}, nil)
	secondsDesc = prometheus.NewDesc("dnsd_query_seconds", "Time from reading a query to having its reply.", nil, nil)
)

// queries is the collector of all sockets' counters.
type queries struct{ *Set }

func (c queries) Describe(ch chan<- *prometheus.Desc) {
	ch <- queriesDesc
	ch <- secondsDesc
}

func (c queries) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	sockets := c.sockets
	c.mu.Unlock()
	for proto := range protos {
		c.collectReplies(ch, sockets, proto)
	}
	var count uint64
	var total int64
	buckets := map[float64]uint64{}
	for i := range len(bounds) + 1 {
		for _, q := range sockets {
			count += q.took[i].Load()
		}
		if i < len(bounds) {
			buckets[bounds[i].Seconds()] = count
		}
	}
	for _, q := range sockets {
		total += q.total.Load()
	}
	ch <- prometheus.MustNewConstHistogram(secondsDesc, count, float64(total)/1e9, buckets)
}

// collectReplies gives the counters that are not 0.
func (c queries) collectReplies(ch chan<- prometheus.Metric, sockets []*Queries, proto int) {
	for zone := range len(c.zones) + 1 {
		for t := range len(types) + 1 {
			for rcode := range rcodes + 1 {
				var n uint64
				for _, q := range sockets {
					if q.proto == proto {
						n += q.replies[slot(zone, t, rcode)].Load()
					}
				}
				if n > 0 {
					ch <- prometheus.MustNewConstMetric(queriesDesc, prometheus.CounterValue, float64(n),
						protos[proto], c.zoneName(zone), typeName(t), rcodeName(rcode))
				}
			}
		}
	}
}

func (c queries) zoneName(zone int) string {
	if zone == len(c.zones) {
		return "other"
	}
	return c.zones[zone]
}
