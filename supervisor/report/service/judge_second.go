package service

import (
	"fmt"
	"slices"

	"rundock/internal/control"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

// judgeSecondStore is about the records in the store that they go to besides the
// host's own.
func judgeSecondStore(r *report.Part, h hostFacts, s serviceFacts) {
	second := h.Second
	if second.Name == "" || len(s.SidecarStatus.Records) == 0 || !s.SidecarAlive {
		return
	}
	store := storeTitle(second.Name)
	lacks := s.SidecarStatus.Lacks
	another := func(found recordFacts) bool { return found.Exists && found.ID != recordID(h, s) }
	switch {
	case slices.ContainsFunc(s.Second, another): // which is why, if it lacks them
	case lacks != "":
		r.Trouble(h.storeTrouble(second.Name, report.Trouble{Text: lacks}))
	case second.Trouble.Failed():
		r.Trouble(h.storeTrouble(second.Name, second.Trouble))
	}
	for _, found := range s.Second {
		value, err := skydns.Parse(found.Value)
		switch {
		case another(found):
			r.Wrong(fmt.Sprintf("%s has %s from another, %s at %s:%d", store, found.Key, found.ID, value.Host, value.Port), "find that host (its /etc/machine-id), or remove the key: two hosts have one name")
		case found.Exists && err != nil:
			r.Wrong(fmt.Sprintf("%s has %s with a value that is no record: %v", store, found.Key, err), keyCommand(second.Name, "get", "get", found.Key))
		case found.Exists && s.Deep:
			r.Fine("%s has %s as well: %s:%d", store, found.Key, value.Host, value.Port)
		case found.Exists || lacks != "":
		case s.SidecarStatus.State == control.Announced:
			r.Wrong(store+" has no "+found.Key+" although the sidecar says it is announced", "rundockd logs "+s.Name+" announce; to have it announced anew: sv hup "+halfOf(h, s, "announce"))
		case s.Deep:
			r.Note("%s has no %s", store, found.Key)
		}
	}
}
