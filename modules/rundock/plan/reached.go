package plan

import (
	"time"

	"rundock/internal/control"
)

// maxStatusAge is how old the status file of a sidecar that is at work can be.
const maxStatusAge = 3 * control.Beat

// Reached reports whether the status files say that the service is as wait
// wants it, and can be believed: the processes that wrote them still run, and
// of the sidecar's word, that it is fresh. A container's health is known here
// only where the HEALTHCHECK decides the announcement. false means that
// rundockd has to be asked.
func Reached(now Situation, w Wanted, wait string, at time.Time) bool {
	switch {
	case w.Hash != "" && (!now.Runner.Up() || !now.StatusIsCurrent()),
		w.Shape.Sidecar != "" && (!now.Announcer.Up() || !now.AnnounceStatusIsCurrent()):
		return false
	case now.Says.Paused, len(now.Says.Lacks) > 0:
		return false // rundockd asks dockerd
	case now.Says.Phase == control.Drained, now.Announces.Drained:
		return false // rundockd warns of it
	}
	want := control.Want{For: wait, Hash: w.Hash, Job: w.Service.Job}
	if want.Job {
		pending, fatal := control.Reached(now.Says, now.Announces, want, at)
		return pending == "" && fatal == nil
	}
	if wait == "healthy" && w.Hash != "" {
		if !w.HealthAnnounced {
			return false
		}
		want.For = "announced"
	}
	if want.For != "running" && (w.Shape.Sidecar == "" || !now.fresh(at)) {
		return false
	}
	pending, fatal := control.Reached(now.Says, now.Announces, want, at)
	return pending == "" && fatal == nil
}

// fresh reports whether the sidecar has said a moment ago what its status is.
func (s *Situation) fresh(at time.Time) bool {
	age := at.Sub(s.Beat)
	return age < maxStatusAge && age > -maxStatusAge
}

// Left is what is left of total seconds to wait, after some were spent: a second at
// least, in which what is so already is seen.
func Left(total, spent int) int { return max(1, total-spent) }
