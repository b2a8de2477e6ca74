package service

import (
	"fmt"
	"slices"
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
		judgeLeft(r, h, s, s.Records, "although the service has no announcement")
		judgeLeft(r, h, s, s.Unwanted, "although the service has no announcement")
		return
	}
	if !s.Enabled {
		judgeLeft(r, h, s, s.Records, "although the service is disabled")
		judgeLeft(r, h, s, s.Unwanted, "although the service is disabled")
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
		if c.Port == "" {
			what = "check"
		}
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
		r.Trouble(h.storeTrouble(h.ownStore(), h.Store))
	}
	if s.SidecarAlive {
		judgeState(r, h, s)
	}
	if s.Namesake != "" {
		r.Wrong(fmt.Sprintf("a stack is called %s as well, and %s.%s is answered by both", s.Namesake, s.Namesake, h.Zone), "give one of them another name")
	}
	judgeRecords(r, h, s)
	judgeLeft(r, h, s, s.Unwanted, "although the service does not announce it")
	judgeSecondStore(r, h, s)
}

// judgeState is what the sidecar says of itself.
func judgeState(r *report.Part, h hostFacts, s serviceFacts) {
	status := s.SidecarStatus
	since := report.Age(h.Now, status.Since)
	switch status.State {
	case control.Announced:
		r.Fine("announced for %s", since)
		if status.Idle() {
			r.Note("%s is idle: %s answers the name of %s; to have them change: rundockd switch %[3]s --to %[1]s", status.Colour, status.Active, status.Of())
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
			r.Wrong(fmt.Sprintf("%s has %s from another, %s at %s", store, found.Key, found.ID, at(value.Host, value.Port)), "find that host (its /etc/machine-id), or remove the key: two hosts have one name")
		case err != nil:
			r.Wrong(fmt.Sprintf("%s has %s with a value that is no record: %v", store, found.Key, err), h.keyCommand("get", "get", found.Key))
		case announced && (value.Host != wanted.Host || value.Port != wanted.Port):
			r.Wrong(fmt.Sprintf("%s has %s as %s, not %s", store, found.Key, at(value.Host, value.Port), at(wanted.Host, wanted.Port)), "somebody wrote that key; to have it written anew: sv hup "+halfOf(h, s, "announce"))
		case !announced && s.SidecarAlive && s.SidecarStatus.State == control.Withdrawn:
			r.Wrong(store+" has "+found.Key+" although it is withdrawn", "it goes with its lease; rundockd logs "+s.Name+" announce")
		case found.Lease == "":
			r.Note("%s has %s without a lease: it does not go away by itself", store, found.Key)
		case s.Deep:
			r.Fine("%s has %s: %s, its lease lasts %s unless renewed", store, found.Key, at(value.Host, value.Port), report.Span(found.Left))
		}
	}
}

// at is where a record leads to, also one that has no port.
func at(host string, port int) string {
	if port == 0 {
		return host
	}
	return fmt.Sprintf("%s:%d", host, port)
}

// recordID is the id in the service's own records.
func recordID(h hostFacts, s serviceFacts) string {
	return control.RecordID(h.MachineID, s.Name, s.SidecarStatus.Colour)
}

// judgeLeft tells of those of records that are there and the service's own, and should
// not be.
func judgeLeft(r *report.Part, h hostFacts, s serviceFacts, records []recordFacts, although string) {
	for _, found := range records {
		if found.Exists && found.ID == recordID(h, s) {
			next := "it goes with its lease"
			switch {
			case found.Lease == "":
				next = "it has no lease, and so stays: " + h.keyCommand("del", "delete", found.Key)
			case s.Deep:
				next += ", in " + report.Span(found.Left)
			}
			if s.SidecarAlive && slices.Contains(s.SidecarStatus.Keys, found.Key) {
				next = "its sidecar withdraws it; if it stays: rundockd logs " + s.Name + " announce"
			}
			r.Wrong(h.storeName()+" has "+found.Key+" "+although, next)
		}
	}
}
