package task

import (
	"rundock/internal/control"
	"rundock/modules/rundock/plan"
)

// stopLeft is stop where there is no service directory. rundockd looks first: of
// a service that there never was, it would note that it has stopped.
func (t *Task) stopLeft() (there bool, err error) {
	answer, err := t.ask(control.Request{Op: control.Stop, Check: true})
	if err != nil || !answer.Changed {
		return false, err
	}
	return t.stop(control.Stop)
}

// stop has rundockd remove the container of the service, whose runner is gone; there
// says whether it had one. In check mode it only looks.
func (t *Task) stop(op control.Op) (there bool, err error) {
	answer, err := t.ask(control.Request{Op: op, Check: t.Check, Stack: t.Params.Stack, Slot: t.Params.Slot})
	return answer.Changed, err
}

// stopped notes that the service has stopped; there says that a container was left
// over.
func (t *Task) stopped(lived, there bool) {
	switch {
	case lived:
		t.deeds = append(t.deeds, plan.Deed{Word: "stopped", Seen: func(after plan.Situation) bool { return !t.service.IsSupervised(after) }})
	case there:
		t.noteDeed("container removed")
	}
}

// unlink keeps runsvdir from supervising the service.
func (t *Task) unlink(now plan.Situation) error {
	if !now.Enabled {
		return nil
	}
	if !t.Check {
		if err := t.service.Unit.Unlink(); err != nil {
			return err
		}
	}
	t.unlinks = true
	t.deeds = append(t.deeds, plan.Deed{Word: "disabled", Seen: func(after plan.Situation) bool { return !after.Enabled }})
	return nil
}

// warnLast warns where the service is the last instance of the colour that answers
// its name.
func (t *Task) warnLast(now plan.Situation) {
	a := now.Announces
	if a.Colour == "" || a.Idle() || a.State != control.Announced {
		return
	}
	if err := t.ctl(control.Request{Op: control.Last}); err != nil {
		t.Warn("whether another host has an instance of the active colour, %s, cannot be known: %v", a.Colour, err)
	}
}

// warnStays warns where the sidecar, which has ended, could not withdraw the service.
func (t *Task) warnStays() {
	if a, err := control.ReadAnnounce(t.host.Run, t.Params.Name); err == nil && a.Stays != "" {
		t.Warn("its record was not withdrawn, and stays in DNS until its lease ends or the store is back: %s", a.Stays)
	}
}
