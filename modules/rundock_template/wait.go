package main

import (
	"errors"
	"fmt"
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/supervisor/renderdir"
)

// wait returns when the renderer has the file as it should be. It fails at once
// where the renderer says why the last good file stays, unless that goes by
// itself.
func (t *task) wait(p plan) error {
	if t.p.WaitFor == "none" {
		return nil
	}
	deadline := time.Now().Add(t.p.patience())
	for {
		now, err := t.look()
		if err != nil {
			return err
		}
		t.tell(now)
		says := now.Says
		switch {
		case now.current():
			if says.Store != "" {
				t.warn("the store cannot be reached, and the file stays as it is: %s", says.Store)
			}
			return nil
		case now.speaks() && !now.Stale && says.State == control.TemplateKept && !says.Waits:
			return fmt.Errorf("template %s: %s\n%s stays as it is", t.p.Name, says.Reason, t.p.Dest)
		case time.Now().After(deadline):
			return fmt.Errorf("template %s is not rendered after %d s: %w", t.p.Name, t.p.WaitTimeout, now.why())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// why says why the file is not as it should be.
func (s situation) why() error {
	switch {
	case !s.speaks():
		return errors.New("the renderer has said nothing; its log is " + renderdir.LogDir + "/current")
	case s.Stale:
		return fmt.Errorf("the renderer, process %d, has not read it", s.Says.PID)
	}
	return errors.New(module.Choose(s.Says.Store != "", "the store cannot be reached: "+s.Says.Store, s.Says.Reason))
}
