package release

import (
	"fmt"
	"slices"
)

// View is what the store has of a stack at one time.
type View struct {
	Stack    string
	Current  int // 0: none is
	Releases map[int]Release
	Lock     *Lock            // nil: nobody works on it
	Blobs    []string         // hashes, sorted
	Faults   map[string]error // by key: what cannot be read

	raw map[string][]byte // as stored, for what is written next
}

// Latest is the release with the highest number; nil if there is none.
func (v View) Latest() *Release {
	var latest *Release
	for _, r := range v.Releases {
		if latest == nil || r.Number > latest.Number {
			latest = &r
		}
	}
	return latest
}

// Has reports whether the store has something of the stack besides the lock.
func (v View) Has() bool { return len(v.Releases)+len(v.Blobs) > 0 || v.Current != 0 }

// Base is the release that all hosts have, or had before the one under way; nil if
// there is none.
func (v View) Base() *Release {
	if r, ok := v.Releases[v.Current]; ok {
		return &r
	}
	return nil
}

// InUse are the releases that hosts have instances of, or may have: the current one,
// and one under way.
func (v View) InUse() (all []Release) {
	for number, r := range v.Releases {
		if number == v.Current || r.isUnderWay() {
			all = append(all, r)
		}
	}
	return all
}

// WasCurrent reports whether r is current, or was before another one.
func (r Release) WasCurrent() bool { return r.State == Past || r.State == Current }

// isUnderWay reports whether r is still to become current, or to be undone.
func (r Release) isUnderWay() bool {
	return r.State == Planned || r.State == Rolling || r.State == Failed
}

// hasLost reports whether r has something on a host that was not given up when it was planned.
func (r Release) hasLost(host string) bool { return r.On(host) && !slices.Contains(r.Lost, host) }

// Recovery is what a run has to do about the runs before it.
type Recovery string

// What it may be.
const (
	Nothing Recovery = "nothing" // begin
	Finish  Recovery = "finish"  // go on with the release, from the wave that had begun last
	Rewind  Recovery = "undo"    // undo the release, then begin
	Settle  Recovery = "settle"  // the release is current: stop what left, then begin
	Refuse  Recovery = "refuse"  // another run works on the stack, or what is stored cannot be read
)

// Recover decides what to do about what an earlier run left, for a run whose lock
// has id, "" if it has none yet, whose inputs have this hash, and to which these hosts
// are lost. A release that was on its way is finished if it is what is asked for again,
// and undone if it is not, or has something on a host that is lost by now.
func Recover(v View, id, inputs string, lost []string) (do Recovery, why string) {
	if v.Lock != nil && v.Lock.ID != id {
		return Refuse, fmt.Sprintf("%s is being worked on by %s", v.Stack, v.Lock)
	}
	for _, key := range sortedKeys(v.Faults) {
		return Refuse, v.Faults[key].Error()
	}
	latest := v.Latest()
	if v.Current != 0 && v.Base() == nil {
		return Refuse, fmt.Sprintf("release %d of %s is current, and the store does not have it", v.Current, v.Stack)
	}
	if latest == nil {
		return Nothing, ""
	}
	of := fmt.Sprintf("release %d, which %s began,", latest.Number, latest.Who)
	switch {
	case latest.State == Planned:
		return Rewind, of + " was not rolled out: no host knows of it"
	case latest.State == Rolling && slices.ContainsFunc(lost, latest.hasLost):
		return Rewind, fmt.Sprintf("%s was left in wave %d, and has instances on a host that is lost", of, latest.Begun)
	case latest.State == Rolling && latest.Inputs == inputs:
		return Finish, fmt.Sprintf("%s was left in wave %d, and is what is asked for now", of, latest.Begun)
	case latest.State == Rolling:
		return Rewind, fmt.Sprintf("%s was left in wave %d, and is not what is asked for now", of, latest.Begun)
	case latest.State == Failed:
		return Rewind, of + " has failed, and was left while it was undone: " + latest.Why
	case latest.State == Current && !latest.Done:
		return Settle, of + " is current, and what left may not be stopped"
	}
	return Nothing, ""
}
