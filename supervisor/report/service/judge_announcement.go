package service

import (
	"fmt"
	"strings"

	"rundock/internal/control"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

func judgeAnnouncement(r *report.Part, h hostFacts, s serviceFacts) {
	if !s.Announced {
		if s.Deep {
			r.Note("it has no announcement")
		}
		return
	}
	if !s.Enabled {
		judgeLeftRecords(r, h, s)
		return
	}
	if h.Config.Failed() {
		return // said with the files
	}
	status := s.SidecarStatus
	restart := "rundockd logs " + s.Name + " announce"
	switch {
	case s.SidecarTrouble.Failed():
		r.Trouble(s.SidecarTrouble, restart)
		return
	case status.PID == 0 && s.Sidecar.Status.PID != 0:
		r.Wrong("its status is gone: "+statusFile(s, "announce.json"), "wait 5 s, in which the sidecar writes it anew; else "+restart)
		return
	case status.PID == 0:
		r.Wrong("no sidecar has started since boot", restart)
	case !s.SidecarAlive:
		r.Wrong(fmt.Sprintf("its process %d is gone; it last said: %s", status.PID, status.State), restart)
	}
	for _, c := range s.Checks {
		what := "check of port " + c.Port
		switch {
		case c.Skipped != "":
			r.Note("%s", join(strings.TrimSuffix(what+": "+c.What, ": "), c.Skipped))
		case c.Failure != "":
			r.Wrong(what+": "+c.Failure, "find out why it does not answer there: rundockd logs "+s.Name)
		default:
			r.Fine("%s: %s succeeds", what, c.What)
		}
	}
	if h.Store.Failed() {
		r.Trouble(h.Store, h.storeAdvice(h.Store.Text))
	}
	if s.SidecarAlive {
		judgeState(r, h, s)
	}
	judgeRecords(r, h, s)
}

// judgeState is what the sidecar says of itself.
func judgeState(r *report.Part, h hostFacts, s serviceFacts) {
	status := s.SidecarStatus
	since := report.Age(h.Now, status.Since)
	switch status.State {
	case control.Announced:
		r.Fine("announced for %s", since)
		if status.Idle() {
			r.Note("%s is idle: %s answers the name of %s; to have them change: rundockd switch %[3]s --to %[1]s", status.Colour, status.Active, control.ServiceOf(s.Name, status.Colour))
		}
		if status.Reason != "" {
			r.Note("%s", status.Reason)
		}
	case control.Conflict:
		r.Wrong(fmt.Sprintf("held off for %s: %s", since, status.Reason), "two hosts have one name, or another program writes this key: give one another name")
	case control.Unreached:
		r.Wrong(fmt.Sprintf("not announced for %s, as %s cannot be reached: %s", since, h.storeName(), status.Reason), h.seeThatStoreRuns(status.Reason))
	case control.Draining, control.Withdrawn:
		r.Wrong(join(fmt.Sprintf("%s for %s", status.State, since), status.Reason), "it is announced with the next container; for a new one now: sv 1 "+halfOf(h, s, "service"))
	default:
		r.Wrong(fmt.Sprintf("not announced for %s: %s", since, status.Reason), "rundockd logs "+s.Name+" --all")
	}
}

// judgeRecords compares the store with what the sidecar says.
func judgeRecords(r *report.Part, h hostFacts, s serviceFacts) {
	store := h.storeName()
	for i, found := range s.Records {
		wanted := s.SidecarStatus.Records[i]
		announced := s.SidecarStatus.State == control.Announced
		value, err := skydns.Parse(found.Value)
		switch mine := found.ID == recordID(h, s); {
		case !found.Exists && announced:
			r.Wrong(store+" has no "+found.Key+" although the sidecar says it is announced", "rundockd logs "+s.Name+" announce; to have it announced anew: sv hup "+halfOf(h, s, "announce"))
		case !found.Exists:
			if s.Deep {
				r.Note("%s has no %s", store, found.Key)
			}
		case !mine:
			r.Wrong(fmt.Sprintf("%s has %s from another, %s at %s:%d", store, found.Key, found.ID, value.Host, value.Port), "find that host (its /etc/machine-id), or remove the key: two hosts have one name")
		case err != nil:
			r.Wrong(fmt.Sprintf("%s has %s with a value that is no record: %v", store, found.Key, err), h.keyCommand("get", "get", found.Key))
		case announced && (value.Host != wanted.Host || value.Port != wanted.Port):
			r.Wrong(fmt.Sprintf("%s has %s as %s:%d, not %s:%d", store, found.Key, value.Host, value.Port, wanted.Host, wanted.Port), "somebody wrote that key; to have it written anew: sv hup "+halfOf(h, s, "announce"))
		case found.Lease == "":
			r.Note("%s has %s without a lease: it does not go away by itself", store, found.Key)
		case s.Deep:
			r.Fine("%s has %s: %s:%d, its lease lasts %s unless renewed", store, found.Key, value.Host, value.Port, report.Span(found.Left))
		}
	}
}

// recordID is the id in the service's own records.
func recordID(h hostFacts, s serviceFacts) string {
	return control.RecordID(h.MachineID, s.Name, s.SidecarStatus.Colour)
}

// judgeLeftRecords: a service that is disabled has none.
func judgeLeftRecords(r *report.Part, h hostFacts, s serviceFacts) {
	for _, found := range s.Records {
		if found.Exists && found.ID == recordID(h, s) {
			next := "it goes with its lease"
			switch {
			case found.Lease == "":
				next = "it has no lease, and so stays: " + h.keyCommand("del", "delete", found.Key)
			case s.Deep:
				next += ", in " + report.Span(found.Left)
			}
			r.Wrong(h.storeName()+" has "+found.Key+" although the service is disabled", next)
		}
	}
}
