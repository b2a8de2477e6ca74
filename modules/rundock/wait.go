package main

import (
	"time"

	"rundock/internal/control"
)

// wait returns when the service is as the parameter wait says. When the
// status files already say so, and nothing was done, nothing is executed.
func (t *task) wait(before situation, w wanted, p plan, started time.Time) error {
	if t.p.Wait == "none" {
		return nil
	}
	q := control.Request{Op: control.Wait, Want: control.Want{For: t.p.Wait, Hash: w.hash}, Timeout: t.p.WaitTimeout}
	if p.acts() {
		q.Since = started
	} else {
		now, err := t.look()
		if err != nil {
			return err
		}
		if reached(now, w, t.p.Wait, time.Now()) {
			if now.Says.Warning != "" {
				t.warn("%s", now.Says.Warning)
			}
			return nil
		}
	}
	if p.Replace {
		q.Not = before.Says.Container
	}
	t.idle()
	if err := t.ctl(q); err != nil {
		return err
	}
	t.prepared = nil // the runner has pulled since, and says how that went
	return nil
}

// maxStatusAge is how old the status file of a sidecar that is at work can be.
const maxStatusAge = 3 * control.Beat

// reached reports whether the status files say that the service is as wait
// wants it, and can be believed: the processes that wrote them still run, and
// of the sidecar's word, that it is fresh. A container's health is known here
// only where the HEALTHCHECK decides the announcement. false means that
// rundockd has to be asked.
func reached(now situation, w wanted, wait string, at time.Time) bool {
	switch {
	case w.hash != "" && (!now.Runner.Up() || !now.statusIsCurrent()),
		w.shape.sidecar != "" && (!now.Announcer.Up() || !now.announceStatusIsCurrent()):
		return false
	}
	want := control.Want{For: wait, Hash: w.hash}
	if wait == "healthy" && w.hash != "" {
		if !w.healthAnnounced {
			return false
		}
		want.For = "announced"
	}
	if want.For != "running" && (w.shape.sidecar == "" || !now.fresh(at)) {
		return false
	}
	pending, fatal := control.Reached(now.Says, now.Announces, want, at)
	return pending == "" && fatal == nil
}

// fresh reports whether the sidecar has said a moment ago what its status is.
func (s situation) fresh(at time.Time) bool {
	age := at.Sub(s.Beat)
	return age < maxStatusAge && age > -maxStatusAge
}
