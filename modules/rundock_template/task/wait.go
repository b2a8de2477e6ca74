package task

import (
	"fmt"

	"rundock/internal/module"
	"rundock/modules/rundock_template/plan"
)

// wait returns when the renderer has the file as it should be. It fails at once
// where the renderer says why the last good file stays, unless that goes by
// itself.
func (t *task) wait() error {
	if t.p.WaitFor == "none" {
		return nil
	}
	var now plan.Situation
	done := func() (bool, error) {
		var err error
		if now, err = t.look(); err != nil {
			return false, err
		}
		t.told = now.Tell(t.p.Name, t.p.Dest)
		switch {
		case now.Current():
			if now.Says.Store != "" {
				t.Warn("the store cannot be reached, and the file stays as it is: %s", now.Says.Store)
			}
			return true, nil
		case now.Keeps():
			return false, fmt.Errorf("template %s: %s\n%s stays as it is", t.p.Name, now.Says.Reason, t.p.Dest)
		}
		return false, nil
	}
	return module.Await(t.p.Patience(), done, func() error {
		return fmt.Errorf("template %s is not rendered after %d s: %w", t.p.Name, t.p.WaitTimeout, now.Why())
	})
}
