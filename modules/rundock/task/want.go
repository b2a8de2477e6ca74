package task

import (
	"fmt"

	"rundock/internal/spec"
	"rundock/modules/rundock/params"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// Want is what the task is to reach. It is computed once.
func (t *Task) Want() (plan.Wanted, error) {
	if t.goal != nil {
		return *t.goal, nil
	}
	var salt []byte
	keyed, err := t.Params.SaltedParameter()
	if err != nil {
		return plan.Wanted{}, err
	}
	if keyed != "" {
		if salt, err = supervisor.Salt(t.host.State, t.Check); err != nil {
			return plan.Wanted{}, fmt.Errorf("%s: %w", keyed, err)
		}
	}
	s, err := t.spelledAsPresent().Service(salt)
	if err != nil {
		return plan.Wanted{}, err
	}
	w, err := plan.Want(s, t.config, salt)
	if err != nil {
		return plan.Wanted{}, err
	}
	t.goal = &w
	return w, nil
}

// spelledAsPresent are the parameters with the image spelled as in the files that are
// there, where that is the same reference: the container's hash is of that spelling.
func (t *Task) spelledAsPresent() params.Params {
	p := t.Params
	if p.Image == nil {
		return p
	}
	if old, err := supervisor.ReadPublic(t.service.Unit.Dir); err == nil && spec.SameImage(old.Container.Image, *p.Image) {
		p.Image = &old.Container.Image
	}
	return p
}
