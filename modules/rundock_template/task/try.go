package task

import (
	"errors"
	"fmt"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/modules/rundock_template/look"
	"rundock/modules/rundock_template/plan"
)

// outcome is what a definition makes of the file.
type outcome struct {
	replaces bool
	diff     []fstree.Diff // of the file
}

// try has rundockd say what the definition makes of the file, and whether it
// would be replaced. A template that is wrong is an error. What keeps the
// file as it is at this moment is one as well, but in check mode, as an earlier
// task of the play may change that.
func (t *task) try(definition []byte) (o outcome, err error) {
	if err := t.unlessChecking(look.SignalService(t.unit.Folders, t.definition.Signal)); err != nil {
		return o, err
	}
	trial, err := t.trial(definition)
	if err != nil {
		return o, err
	}
	if trial.Wrong != "" {
		return o, errors.New(trial.Wrong)
	}
	if trial.Refused != "" {
		if err := t.unlessChecking(errors.New(trial.Refused)); err != nil {
			return o, err
		}
	}
	if trial.Unasked != "" {
		t.Warn("floor: the template asks for no service %s", trial.Unasked)
	}
	if trial.Replace {
		o = outcome{true, plan.FileDiff(t.definition, trial)}
	}
	return o, nil
}

// unlessChecking returns err, or in check mode warns of it.
func (t *task) unlessChecking(err error) error {
	if err == nil {
		return nil
	}
	if !t.Check {
		return fmt.Errorf("template %s: %w\nnothing was written", t.p.Name, err)
	}
	t.Warn("as the host is now, the call would be refused: %v", err)
	return nil
}

// checkPatience is how long check mode waits for the store, in seconds.
const checkPatience = 10

// trial asks `rundockd render --try`.
func (t *task) trial(definition []byte) (trial control.TemplateTrial, err error) {
	patience := t.p.WaitTimeout
	if t.Check {
		patience = min(patience, checkPatience)
	}
	args := []string{"render", "--try", fmt.Sprintf("--patience=%ds", patience)}
	if t.p.WaitFor == "none" {
		args = append(args, "--offline")
	}
	o, err := module.Rundockd(definition, args...)
	if err == nil {
		err = o.Err()
	}
	if err != nil {
		return trial, fmt.Errorf("template %s: %w", t.p.Name, err)
	}
	err = o.Answer(&trial, &trial.Version)
	return trial, err
}
