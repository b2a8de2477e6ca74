package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Snapshot is the state of the file that the records are written to.
type Snapshot struct {
	written  atomic.Int64 // nanoseconds since 1970
	bytes    atomic.Int64
	failures atomic.Int64
	used     atomic.Bool
}

// Written notes a file of that size.
func (s *Snapshot) Written(at time.Time, bytes int64) {
	s.written.Store(at.UnixNano())
	s.bytes.Store(bytes)
}

// Failed notes that a file could not be written, or not be used.
func (s *Snapshot) Failed() { s.failures.Add(1) }

// Used notes whether the table came from the file and not, yet, from the store.
func (s *Snapshot) Used(used bool) { s.used.Store(used) }

func (s *Snapshot) register(all *prometheus.Registry) {
	gauge := func(name, help string, value func() float64) {
		all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("dnsd_snapshot_written_timestamp_seconds", "When the snapshot was written last; 0: not since the start.",
		func() float64 { return float64(s.written.Load()) / 1e9 })
	gauge("dnsd_snapshot_bytes", "Size of the snapshot written last.", func() float64 { return float64(s.bytes.Load()) })
	gauge("dnsd_table_from_snapshot", "1 while the table is that of the snapshot, as the store was not there since the start.", func() float64 {
		if s.used.Load() {
			return 1
		}
		return 0
	})
	all.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "dnsd_snapshot_failures_total", Help: "Snapshots that could not be written, or not be used."},
		func() float64 { return float64(s.failures.Load()) }))
}
