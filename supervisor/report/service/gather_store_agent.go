package service

import (
	"time"

	"rundock/internal/control"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// storeAgent is what files tell of rundockd store.
func (g *gatherer) storeAgent(now time.Time) storeAgentFacts {
	a := storeAgentFacts{Wanted: true, Mute: control.StoreMute(control.Dir, now)}
	if !g.host.Runit.Failed() {
		a.Process = processOf(g.folders.Dir(control.StoreService))
	}
	var err error
	a.Status, err = control.ReadStore(control.Dir)
	a.Trouble, a.Alive = report.TroubleOf(err), a.Status.PID != 0 && process.IsRundockd(a.Status.PID, "store")
	return a
}
