package release

import (
	"fmt"
	"slices"

	"rundock/internal/stack"
)

// Undo is the way back from a release that was not committed: the waves that have
// begun, so many, in reverse, each step by what takes it back. Steps that were not
// done are as if they were: each may be done again. What jobs did stays, which
// remarks say. Where a wave after the one that commits has begun, the release was
// committed, and there is no wave. Steps of a slot that holds a lock in one of the
// releases alone are Strict.
func Undo(from *Release, to Release, begun int) (waves []Wave, remarks []string) {
	all := Waves(from, to)
	if begun > CommitAt(all) {
		return nil, nil
	}
	var leave Wave
	for _, wave := range slices.Backward(all[:begun]) {
		back := Wave{Title: "undo " + wave.Title}
		for _, s := range wave.Steps {
			switch undone := s.undo(orNothing(from), to); undone.Do {
			case "":
			case Leave:
				leave.Steps = append(leave.Steps, undone)
			default:
				back.Steps = append(back.Steps, undone)
			}
			if s.Do == Run {
				remarks = append(remarks, fmt.Sprintf("job %s on %s may have run: what it did is not undone", s.Slot, s.Host))
			}
		}
		if len(back.Steps) > 0 {
			waves = append(waves, back)
		}
	}
	if len(leave.Steps) > 0 {
		leave.Title = "undo networks"
		waves = append(waves, leave)
	}
	return waves, remarks
}

// undo is the step that takes s back; without Do if nothing is to be taken back.
func (s Step) undo(from, to Release) Step {
	back := Step{Slot: s.Slot, Host: s.Host, Network: s.Network, Release: to.Number}
	slot, _ := stack.ParseSlot(s.Slot)
	old, wasJob := from.Slots[slot], from.Model.Services[slot.Service].Job
	switch s.Do {
	case Join:
		back.Do = Leave
		if key := from.keysOf()[[2]string{s.Host, to.Model.Networks[s.Network].Name}]; key != "" { // it had it, by whatever key
			back.Do, back.Network, back.Release = Join, key, from.Number
		}
	case Start:
		if back.Do = Stop; old.Standby == s.Host {
			back.Do, back.Release = Standby, from.Number
		}
	case Run:
		if back.Do = Stop; old.Host == s.Host && !wasJob { // it was a service, of this host
			back.Do, back.Release, back.Until = Start, from.Number, stack.Healthy
		} else if old.Standby == s.Host {
			back.Do, back.Release = Standby, from.Number
		}
	case Stop:
		if old.Standby == s.Host {
			back.Do, back.Release = Standby, from.Number
		} else if !wasJob { // one that has ended does not start again
			back.Do, back.Release, back.Until = Start, from.Number, stack.Healthy
		}
	case Replace:
		if back.Do = Stop; !wasJob {
			back.Do, back.Release, back.Order, back.Until = Replace, from.Number, s.Order, stack.Healthy
		}
	case Standby:
		if back.Do = Stop; old.Standby == s.Host {
			back.Do, back.Release = Standby, from.Number
		}
	}
	_, had := from.Slots[slot]
	back.Strict = had && s.Slot != "" && from.locks(slot.Service) != to.locks(slot.Service)
	return back
}
