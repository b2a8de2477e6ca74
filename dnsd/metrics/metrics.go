// Package metrics counts what dnsd does, for Prometheus. Counting a query
// takes no lock, but for the first one of its kind.
package metrics

import (
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Set is the metrics of one dnsd.
type Set struct {
	Registry *Registry

	all             *prometheus.Registry
	queries         *prometheus.CounterVec
	counters        [2][len(types) + 1][rcodes + 1]atomic.Pointer[prometheus.Counter] // of queries, once they counted
	seconds         prometheus.Histogram
	forwards        prometheus.Counter
	forwardFailures *prometheus.CounterVec
}

// types have a label of their own; all others are "other".
var types = [...]uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT, dns.TypePTR, dns.TypeSOA, dns.TypeNS,
	dns.TypeCNAME, dns.TypeMX, dns.TypeANY, dns.TypeHTTPS, dns.TypeDS, dns.TypeDNSKEY, dns.TypeCAA,
}

const rcodes = 16 // 0 to 15 by name; the rest is BADVERS

// Registry is the state of the connection to the registry.
type Registry struct{ lost atomic.Pointer[lost] } // nil while it is up

type lost struct {
	since time.Time
	err   error
}

// Health notes that the connection is up (nil) or why it is lost.
func (r *Registry) Health(err error) {
	if err == nil {
		r.lost.Store(nil)
		return
	}
	since := time.Now()
	if before := r.lost.Load(); before != nil {
		since = before.since
	}
	r.lost.Store(&lost{since, err})
}

// Lost is why the table does not follow the registry; nil while it does.
func (r *Registry) Lost() error {
	if l := r.lost.Load(); l != nil {
		return l.err
	}
	return nil
}

// Stale is how long the table has not followed the registry; 0 while it does.
func (r *Registry) Stale() time.Duration {
	if l := r.lost.Load(); l != nil {
		return time.Since(l.since)
	}
	return 0
}

// New returns metrics that read the table's state when they are asked for.
func New(version string, tab *table.Table) *Set {
	s := &Set{Registry: &Registry{}, all: prometheus.NewRegistry()}
	s.Registry.Health(errors.New("not connected yet"))
	s.all.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	s.queries = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dnsd_queries_total", Help: "Queries answered."}, []string{"proto", "type", "rcode"})
	s.seconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "dnsd_query_seconds", Help: "Time from reading a query to having its reply.",
		Buckets: []float64{5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 1e-3, 5e-3, 25e-3, 100e-3, 500e-3, 2.5}})
	s.forwards = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "dnsd_forwards_total", Help: "Queries sent upstream."})
	s.forwardFailures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dnsd_forward_failures_total", Help: "Attempts at an upstream that gave no usable reply."}, []string{"upstream"})
	s.all.MustRegister(s.queries, s.seconds, s.forwards, s.forwardFailures)

	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dnsd_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	s.all.MustRegister(build)

	gauge := func(name, help string, value func() float64) {
		s.all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	state := func(of func(*table.State) float64) func() float64 {
		return func() float64 {
			if st := tab.State(); st != nil {
				return of(st)
			}
			return 0
		}
	}
	gauge("dnsd_table_records", "Keys with a well-formed record.", state(func(s *table.State) float64 { return float64(s.Records) }))
	gauge("dnsd_table_names", "Names that exist, empty non-terminals and reverse names included.", state(func(s *table.State) float64 { return float64(s.Names) }))
	gauge("dnsd_table_bad_records", "Keys that are skipped because key or value is malformed.", state(func(s *table.State) float64 { return float64(s.Bad) }))
	gauge("dnsd_table_revision", "Registry revision of the last batch.", state(func(s *table.State) float64 { return float64(s.Revision) }))
	gauge("dnsd_table_last_batch_timestamp_seconds", "When the last batch was applied; 0 before the first.",
		state(func(s *table.State) float64 { return float64(s.Applied.UnixNano()) / 1e9 }))
	gauge("dnsd_registry_up", "1 while the table follows the registry.", func() float64 {
		if s.Registry.Lost() == nil {
			return 1
		}
		return 0
	})
	gauge("dnsd_stale_seconds", "For how long the table has not followed the registry; 0 while it does.",
		func() float64 { return s.Registry.Stale().Seconds() })
	return s
}

// Query counts one reply.
func (s *Set) Query(tcp bool, qtype uint16, rcode int, took time.Duration) {
	proto, t := 0, len(types)
	if tcp {
		proto = 1
	}
	for i, known := range types {
		if known == qtype {
			t = i
			break
		}
	}
	slot := &s.counters[proto][t][min(rcode, rcodes)]
	counter := slot.Load()
	if counter == nil {
		c := s.queries.WithLabelValues([]string{"udp", "tcp"}[proto], typeName(t), rcodeName(rcode))
		counter = &c
		slot.Store(counter)
	}
	(*counter).Inc()
	s.seconds.Observe(took.Seconds())
}

// Forward counts a query sent upstream.
func (s *Set) Forward() { s.forwards.Inc() }

// ForwardFailed counts an attempt without a usable reply.
func (s *Set) ForwardFailed(upstream string) { s.forwardFailures.WithLabelValues(upstream).Inc() }

// Handler serves the metrics in Prometheus's format.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.all, promhttp.HandlerOpts{})
}

func typeName(t int) string {
	if t == len(types) {
		return "other"
	}
	return dns.TypeToString[types[t]]
}

func rcodeName(rcode int) string {
	if rcode == dns.RcodeBadVers {
		return "BADVERS"
	}
	if name, ok := dns.RcodeToString[rcode]; ok {
		return name
	}
	return strconv.Itoa(rcode)
}
