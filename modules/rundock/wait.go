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
	q := control.Request{Op: control.Wait, For: t.p.Wait, Hash: w.hash, Timeout: t.p.WaitTimeout}
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

// steady is how long a container must have been up to count as running.
const steady = 2 * time.Second

// beats is how old the status file of a sidecar that is at work can be.
const beats = 3 * control.Beat

// reached reports whether the status files say that the service is as wait
// wants it. They do not tell a container's health, but where the HEALTHCHECK
// decides the announcement; and of a sidecar that does nothing any more they
// tell what it was. Then it is not known here.
func reached(now situation, w wanted, wait string, at time.Time) bool {
	if w.hash != "" {
		r := now.Says
		if !now.Runner.Up() || !now.told() || r.Phase != control.Running || r.Spec != w.hash || at.Sub(r.Started) < steady {
			return false
		}
	}
	if w.shape.announcer != "" && (!now.Announcer.Up() || !now.toldOfAnnouncement()) {
		return false
	}
	announced := w.shape.announcer != "" && now.announced(at) && (w.hash == "" || now.Announces.Container == now.Says.Container)
	switch wait {
	case "announced":
		return announced
	case "healthy":
		return announced && (w.hash == "" || w.healthAnnounced)
	}
	return true
}

// announced reports whether the sidecar says that the service is announced,
// and said so a moment ago.
func (s situation) announced(at time.Time) bool {
	age := at.Sub(s.Beat)
	return s.Announces.State == control.Announced && age < beats && age > -beats
}
