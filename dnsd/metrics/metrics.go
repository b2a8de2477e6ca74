// Package metrics counts what dnsd does, for Prometheus. Counting a query
// takes no lock and shares no memory with other sockets.
package metrics

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
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
	Store       *Store
	Snapshot    *Snapshot
	Forwards    *Forwards
	Connections *Connections

	all     *prometheus.Registry
	zones   []string
	mu      sync.Mutex
	sockets []*Queries
}

// Store is the state of the connection to the store.
type Store struct{ lost atomic.Pointer[lost] } // nil while it is up

type lost struct {
	since time.Time
	err   error
}

// Health notes that the connection is up (nil) or why it is lost.
func (r *Store) Health(err error) {
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

// StaleSince notes that what is known is older than the loss of the connection.
func (r *Store) StaleSince(t time.Time) {
	if l := r.lost.Load(); l != nil && t.Before(l.since) {
		r.lost.CompareAndSwap(l, &lost{t, l.err})
	}
}

// Lost is why the table does not follow the store; nil while it does.
func (r *Store) Lost() error {
	if l := r.lost.Load(); l != nil {
		return l.err
	}
	return nil
}

// Stale is how long the table has not followed the store; 0 while it does.
func (r *Store) Stale() time.Duration {
	if l := r.lost.Load(); l != nil {
		return time.Since(l.since)
	}
	return 0
}

// New returns metrics that read the table's state when they are asked for.
// Queries are told apart by zones.
func New(version string, tab *table.Table, zones ...string) *Set {
	s := &Set{Store: &Store{}, Snapshot: &Snapshot{}, zones: zones, all: prometheus.NewRegistry()}
	s.Store.Health(errors.New("not connected yet"))
	s.all.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	s.all.MustRegister(queries{s})
	s.Forwards = newForwards(s.all)
	s.Connections = newConnections(s.all)

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
	gauge("dnsd_table_held_records", "Records that the store's list lacks and that are kept for --loss-hold, as they are suspiciously many.", state(func(s *table.State) float64 { return float64(s.Missing) }))
	gauge("dnsd_table_revision", "Store revision of the last batch.", state(func(s *table.State) float64 { return float64(s.Revision) }))
	gauge("dnsd_table_last_batch_timestamp_seconds", "When the last batch was applied; 0 before the first.",
		state(func(s *table.State) float64 { return float64(s.Applied.UnixNano()) / 1e9 }))
	gauge("dnsd_registry_up", "1 while the table follows the store.", func() float64 {
		if s.Store.Lost() == nil {
			return 1
		}
		return 0
	})
	gauge("dnsd_stale_seconds", "For how long the table has not followed the store; 0 while it does.",
		func() float64 { return s.Store.Stale().Seconds() })
	s.Snapshot.register(s.all)
	return s
}

// LogDropped has lines counted that a log ("messages", "queries") has dropped.
func (s *Set) LogDropped(log string, lines func() uint64) {
	s.all.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "dnsd_log_dropped_total", Help: "Lines that are not logged, as nobody read them in time.",
		ConstLabels: prometheus.Labels{"log": log}}, func() float64 { return float64(lines()) }))
}

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
