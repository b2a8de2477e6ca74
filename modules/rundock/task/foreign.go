package task

import (
	"rundock/internal/control"
	"rundock/supervisor"
)

// leavesForeign reports whether what has the name of the slot that is to go is another
// service, or a slot of another stack, which is left as it is, with a warning. Where no
// service directory tells, the labels of the containers do. A directory that cannot be
// read is nobody's, as CheckColour has it: a call that was killed has left it.
func (t *Task) leavesForeign(installed bool) (bool, error) {
	if t.Params.Stack == "" {
		return false, nil
	}
	if s, err := supervisor.ReadPublic(t.service.Unit.Dir); err == nil {
		foreign := s.Stack != t.Params.Stack || s.Slot.String() != t.Params.Slot
		if foreign {
			t.Warn("%s is the directory of %s, and not of the slot: it is left as it is", t.service.Unit.Dir, describeService(s))
		}
		return foreign, nil
	}
	if installed {
		return false, nil
	}
	answer, err := t.ask(control.Request{Op: control.Stop, Check: true, Stack: t.Params.Stack, Slot: t.Params.Slot})
	return answer.Foreign, err
}
