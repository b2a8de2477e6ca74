package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Backups is when the embedded store was backed up last.
type Backups struct {
	made     atomic.Int64 // seconds since 1970
	failures atomic.Int64
}

// KeepsBackups adds the metrics of backups, which a dnsd with a store has.
func (s *Set) KeepsBackups() *Backups {
	b := &Backups{}
	s.all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dnsd_store_backup_timestamp_seconds", Help: "When the last backup of the embedded store was made; 0: there is none."},
		func() float64 { return float64(b.made.Load()) }))
	s.all.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "dnsd_store_backup_failures_total", Help: "Backups of the embedded store that could not be made, or not be read again."},
		func() float64 { return float64(b.failures.Load()) }))
	return b
}

// Made notes a backup.
func (b *Backups) Made(at time.Time) { b.made.Store(at.Unix()) }

// Failed notes one that was not made.
func (b *Backups) Failed() { b.failures.Add(1) }
