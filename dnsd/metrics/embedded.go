package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Embedded is whether the embedded store answers.
type Embedded struct{ up atomic.Int64 }

// WatchesStore adds the metric of the embedded store, which a dnsd with one has.
func (s *Set) WatchesStore() *Embedded {
	e := new(Embedded)
	s.all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dnsd_store_up", Help: "1 while the embedded store runs and answers."},
		func() float64 { return float64(e.up.Load()) }))
	return e
}

// Answers notes whether it did.
func (e *Embedded) Answers(yes bool) {
	var up int64
	if yes {
		up = 1
	}
	e.up.Store(up)
}
