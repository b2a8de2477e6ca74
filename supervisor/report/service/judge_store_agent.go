package service

import (
	"fmt"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

const storeAgentLog = "tail /var/log/" + control.StoreService + "/current"

// judgeStoreAgent is about rundockd store, for a service that is announced by it.
func judgeStoreAgent(r *report.Part, h hostFacts, s serviceFacts) {
	if h.StoreAgent.Wanted && s.Announced && s.Enabled {
		judgeAgent(r, h)
	}
}

func judgeAgent(r *report.Part, h hostFacts) {
	a := h.StoreAgent
	p := a.Process
	switch {
	case p.Trouble.Failed():
		r.Trouble(p.Trouble, "look at "+h.Service+"/"+control.StoreService+"/supervise")
		return
	case !p.Supervised:
		r.Wrong("no runsv supervises rundockd store", "ls -l "+h.Service+"/"+control.StoreService+"; site.yml makes that service")
		return
	case p.Status.Paused:
		r.Wrong("rundockd store is paused, by sv pause or another STOP", "sv cont "+control.StoreService)
		return
	case p.Status.WantDown:
		r.Wrong("rundockd store was stopped by hand, by sv down", "sv up "+control.StoreService)
		return
	case p.Status.PID == 0 && h.Now.Sub(p.Status.Since) >= restartSoon:
		r.Wrong(fmt.Sprintf("runsv has rundockd store down since %s, and starts it again", report.Age(h.Now, p.Status.Since)), storeAgentLog)
		return
	case a.Trouble.Failed():
		r.Trouble(a.Trouble, "sv hup "+control.StoreService)
		return
	case p.Status.PID == 0 || a.Status.PID != p.Status.PID:
		r.Note("rundockd store is starting")
		return
	case a.Status.Reason != "":
		next := "mend that; it tries again by itself"
		if h.Refused != "" {
			next = certificateAdvice
		}
		r.Wrong(join("rundockd store serves nothing: "+a.Status.Reason, h.Refused), next)
		return
	case a.Mute > 0:
		r.Wrong(fmt.Sprintf("rundockd store, process %d, gives no sign of life for %s", p.Status.PID, report.Span(a.Mute)), "no record is lost by: sv -w 20 force-restart "+control.StoreService)
		return
	}
	r.Fine("rundockd store: process %d, up %s", p.Status.PID, report.Age(h.Now, p.Status.Since))
	for _, store := range a.Status.Stores {
		if store.Reason != "" {
			r.Trouble(h.storeTrouble(store.Name, report.Trouble{Text: store.Reason}))
			continue
		}
		r.Fine("to %s: one connection for %s with %s", storeTitle(store.Name), counted(store.Clients, "client"), counted(store.Records, "record"))
		if store.Catalog != "" {
			r.Note("Consul's catalog does not follow the records: %s", store.Catalog)
		}
	}
}

// storeAgentStatusOf is what status says of it.
func storeAgentStatusOf(h hostFacts) *storeAgentStatus {
	a := h.StoreAgent
	r := report.Part{Name: "store agent"}
	judgeAgent(&r, h)
	now := &storeAgentStatus{PID: a.Status.PID, Alive: a.Alive, Since: a.Status.Since.UTC(), Stores: a.Status.Stores}
	if bad, ok := report.First(r.Findings, report.Wrong); ok {
		now.Problem, now.Next = bad.Text, bad.Next
	}
	return now
}
