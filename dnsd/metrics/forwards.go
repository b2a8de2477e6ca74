package metrics

import (
	"rundock/dnsd/forward"

	"github.com/prometheus/client_golang/prometheus"
)

// Forwards counts what becomes of queries for names of others. It is a
// forward.Watcher.
type Forwards struct {
	asked, merged, dropped prometheus.Counter
	cache                  *prometheus.CounterVec
	attempts, failures     *prometheus.CounterVec
	up                     *prometheus.GaugeVec
}

func newForwards(all *prometheus.Registry) *Forwards {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	by := func(label, name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	f := &Forwards{
		asked:    counter("dnsd_forwards_total", "Queries for names of others."),
		merged:   counter("dnsd_forwards_merged_total", "Of these, queries that waited for the reply to an earlier one."),
		dropped:  counter("dnsd_forwards_dropped_total", "Of these, queries without reply, as too many waited for upstreams."),
		cache:    by("result", "dnsd_forward_cache_total", "What the memory of upstreams' replies had for a query: hit, miss, or stale when no upstream answered."),
		attempts: by("upstream", "dnsd_forward_attempts_total", "Questions sent to an upstream."),
		failures: by("upstream", "dnsd_forward_failures_total", "Questions sent to an upstream that gave no usable reply."),
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dnsd_upstream_up", Help: "0 while an upstream is taken for down, after 3 failures in a row."}, []string{"upstream"}),
	}
	all.MustRegister(f.asked, f.merged, f.dropped, f.cache, f.attempts, f.failures, f.up)
	return f
}

// Upstream makes an upstream seen before it is asked.
func (f *Forwards) Upstream(address string) {
	f.up.WithLabelValues(address).Set(1)
	f.attempts.WithLabelValues(address)
	f.failures.WithLabelValues(address)
}

// Dropped counts a query that gets no reply.
func (f *Forwards) Dropped() {
	f.asked.Inc()
	f.dropped.Inc()
}

// Merged counts a query that waits for another one's reply.
func (f *Forwards) Merged() { f.merged.Inc() }

// Asked counts an attempt at an upstream.
func (f *Forwards) Asked(upstream string, usable bool) {
	f.attempts.WithLabelValues(upstream).Inc()
	if !usable {
		f.failures.WithLabelValues(upstream).Inc()
	}
}

// Turned notes whether an upstream is down.
func (f *Forwards) Turned(upstream string, down error) {
	up := 1.0
	if down != nil {
		up = 0
	}
	f.up.WithLabelValues(upstream).Set(up)
}

// Found counts a query by where its reply comes from.
func (f *Forwards) Found(source string) {
	f.asked.Inc()
	switch source {
	case forward.Cache:
		f.cache.WithLabelValues("hit").Inc()
	case forward.Stale:
		f.cache.WithLabelValues("stale").Inc()
	default:
		f.cache.WithLabelValues("miss").Inc()
	}
}
