package task

import (
	"time"

	"rundock/internal/control"
	"rundock/modules/rundock/plan"
)

// wait returns when the service is as the parameter wait says, or wait_timeout is
// over, in which the pull counts. When the
// status files already say so, and nothing was done, nothing is executed.
func (t *Task) wait(before plan.Situation, w plan.Wanted, p plan.Plan, started time.Time) error {
	if t.Params.Wait == "none" {
		return nil
	}
	q := control.Request{Op: control.Wait, Want: control.Want{For: t.Params.Wait, Hash: w.Hash, Job: w.Service.Job}, Timeout: plan.Left(t.Params.WaitTimeout, t.pulling), Pulled: t.pulling}
	if p.Acts() {
		q.Since = started
	} else {
		now, err := t.service.Look()
		if err != nil {
			return err
		}
		if plan.Reached(now, w, t.Params.Wait, time.Now()) {
			if now.Says.Warning != "" {
				t.Warn("%s", now.Says.Warning)
			}
			return nil
		}
	}
	if p.Replace {
		q.Not = before.Says.Container
	}
	if t.Idle != nil {
		t.Idle()
	}
	if err := t.ctl(q); err != nil {
		return err
	}
	t.prepared = nil // the runner has pulled since, and says how that went
	return nil
}
