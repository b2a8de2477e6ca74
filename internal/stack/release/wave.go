package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
)

// Do is what a step does.
type Do string

// The kinds of steps. Each may be done again: what is as it should be already is
// left alone.
const (
	Prepare Do = "prepare" // pull the slot's image on Host, and create its container on trial
	Join    Do = "join"    // Host has Network
	Start   Do = "start"   // the slot's instance on Host
	Replace Do = "replace" // the slot's instance on Host, by Order
	Run     Do = "run"     // a job, to its end; done again, it is not run again
	Stop    Do = "stop"    // the slot's instance on Host; named volumes stay
	Standby Do = "standby" // an instance of the slot on Host, which waits for the slot's lock
	Monitor Do = "monitor" // all that was changed stays well For so long
	Commit  Do = "commit"  // the release is current
	Leave   Do = "leave"   // Host has Network no more
)

// Step is one thing on one host. It is over when what Until says holds.
type Step struct {
	Do      Do              `json:"do"`
	Slot    string          `json:"slot,omitempty"`
	Host    string          `json:"host,omitempty"`
	Network string          `json:"network,omitempty"` // key of Model.Networks
	Release int             `json:"release,omitempty"` // whose spec the instance has
	Order   Order           `json:"order,omitempty"`   // of Replace
	Until   stack.Condition `json:"until,omitempty"`   // of Start, Replace and Run: started, healthy, completed
	For     string          `json:"for,omitempty"`     // of Monitor, as 5s
	Why     string          `json:"why,omitempty"`
	Strict  bool            `json:"strict,omitempty"` // of Undo: it is not done where an earlier step of the slot was not, as its host is away
}

// Wave is steps that may be done side by side, on all hosts. The next wave begins
// when all of them are over.
type Wave struct {
	Title string `json:"title"`
	Pause string `json:"pause,omitempty"` // before the next one, as 10s
	Steps []Step `json:"steps"`
}

// Waves are the way from one release to another, nil where to is the first:
//
//  1. every image is pulled, and every new container created on trial, while
//     nothing has changed yet
//  2. networks come to the hosts that need them
//  3. services, each after those that it depends on: new slots at once, others as
//     many at a time as update_config says, pods whole, jobs to their end; one that
//     moves and must not run twice is stopped on its old host first, the standby
//     of one that holds no lock any more before that starts, and what leaves before
//     another one takes its port, its address or its one volume
//  4. standbys
//  5. all that was changed is watched
//  6. the commit
//  7. what left is stopped: moved and surplus slots, then services that are gone,
//     each before those that it depended on; then networks that nobody needs.
//     Volumes stay
//
// What is as it was has no step. Nothing is done on a host that is lost. How far a
// release has come changes none of its waves.
func Waves(from *Release, to Release) []Wave {
	changes, conflicts := diff(from, to)
	w := &waver{from: orNothing(from), to: to, changes: changes, before: map[stack.Slot][]Change{}, lost: map[string]bool{}}
	for _, host := range to.Lost {
		w.lost[host] = true
	}
	for _, c := range w.changes {
		switch c.Kind {
		case New, Replaced, Moved, Runs:
			w.active = append(w.active, c)
		}
	}
	for _, found := range conflicts {
		comes := changes[found.comes].Slot
		w.before[comes] = append(w.before[comes], changes[found.leaves])
	}
	w.prepare()
	w.join()
	w.roll()
	w.standbys()
	w.monitor()
	w.add(Wave{Title: "commit", Steps: []Step{{Do: Commit, Release: to.Number}}})
	w.stop()
	w.leave()
	return w.waves
}

// CommitAt is the number of the wave that commits, as Begun counts.
func CommitAt(waves []Wave) int {
	return 1 + slices.IndexFunc(waves, func(w Wave) bool { return w.Steps[0].Do == Commit })
}

// waver collects waves.
type waver struct {
	from    Release
	to      Release
	changes []Change
	active  []Change                // of slots that get a container
	before  map[stack.Slot][]Change // what leaves and is stopped before a slot starts
	lost    map[string]bool
	waves   []Wave
}

// add adds a wave that has steps.
func (w *waver) add(wave Wave) {
	if len(wave.Steps) > 0 {
		w.waves = append(w.waves, wave)
	}
}

func (w *waver) prepare() {
	wave := Wave{Title: "pull images, and create containers on trial"}
	for _, c := range w.active {
		wave.Steps = append(wave.Steps, Step{Do: Prepare, Slot: c.Slot.String(), Host: c.To, Release: w.to.Number})
		if standby := newStandby(w.from, w.to, c); standby != "" {
			wave.Steps = append(wave.Steps, Step{Do: Prepare, Slot: c.Slot.String(), Host: standby, Release: w.to.Number, Why: "a standby"})
		}
	}
	w.add(wave)
}

// networksOf are which hosts have which networks of the stack's own, by their keys.
// A slot that waits needs its own no less, as its host starts it by itself once it is
// not drained any more: waiting counts those.
func (r Release) networksOf(waiting bool) map[[2]string]bool {
	need := map[[2]string]bool{}
	for slot, s := range r.Slots {
		for key := range r.Model.Services[slot.Service].Networks {
			if r.Model.Networks[key].External || s.Waiting && !waiting {
				continue
			}
			need[[2]string{s.Host, key}] = true
			if s.Standby != "" {
				need[[2]string{s.Standby, key}] = true
			}
		}
	}
	return need
}

// Needs reports whether a host needs a network of the stack's own, by its key.
func (r Release) Needs(host, key string) bool { return r.networksOf(true)[[2]string{host, key}] }

// keysOf are the keys of the networks that hosts need, by host and the network's name.
func (r Release) keysOf() map[[2]string]string {
	keys := map[[2]string]string{}
	for _, pair := range sortedPairs(r.networksOf(true)) { // of several the last, whenever it is asked
		keys[[2]string{pair[0], r.Model.Networks[pair[1]].Name}] = pair[1]
	}
	return keys
}

// On reports whether a host has an instance of the release, or a standby.
func (r Release) On(host string) bool {
	for _, s := range r.Slots {
		if s.Host == host || s.Standby == host {
			return true
		}
	}
	return false
}

func sortedPairs(m map[[2]string]bool) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(x, y [2]string) int { return slices.Compare(x[:], y[:]) })
}

// join brings networks to hosts; one that is made anew comes under its new number
// beside the old one.
func (w *waver) join() {
	had := w.from.networksOf(false)
	wave := Wave{Title: "networks"}
	for _, pair := range sortedPairs(w.to.networksOf(false)) {
		if !had[pair] || w.from.Networks[pair[1]] != w.to.Networks[pair[1]] {
			wave.Steps = append(wave.Steps, Step{Do: Join, Host: pair[0], Network: pair[1], Release: w.to.Number})
		}
	}
	w.add(wave)
}

// leave takes networks from hosts that need them no more, under whatever key.
func (w *waver) leave() {
	need := w.to.keysOf()
	wave := Wave{Title: "networks that nobody needs"}
	for _, pair := range sortedPairs(w.from.networksOf(true)) {
		if !w.lost[pair[0]] && need[[2]string{pair[0], w.from.Model.Networks[pair[1]].Name}] == "" {
			wave.Steps = append(wave.Steps, Step{Do: Leave, Host: pair[0], Network: pair[1], Release: w.from.Number})
		}
	}
	w.add(wave)
}

// newStandby is the host on which a slot's standby is installed, as it is new there or
// made of something else; "": there is none.
func newStandby(from, to Release, c Change) string {
	was, now := from.Slots[c.Slot], to.Slots[c.Slot]
	if was.Standby == now.Standby && was.Hash == now.Hash && slices.Equal(was.StandbyPorts, now.StandbyPorts) {
		return ""
	}
	return now.Standby
}

// leavingStandby is the host of a slot's standby that is to be stopped; "": there is
// none. One that becomes the slot's own host is none.
func leavingStandby(from, to Release, c Change) string {
	old := from.Slots[c.Slot].Standby
	if old == to.Slots[c.Slot].Standby || old == c.To {
		return ""
	}
	return old
}

// unlocks reports whether a slot gets a container that holds no lock. Nothing but the
// lock keeps an old standby from running beside that.
func (w *waver) unlocks(c Change) bool {
	return slices.Contains([]Kind{New, Replaced, Moved, Runs}, c.Kind) && !w.to.locks(c.Service)
}

// standbys installs those that are new or made of something else.
func (w *waver) standbys() {
	wave := Wave{Title: "standbys"}
	for _, c := range w.changes {
		if standby := newStandby(w.from, w.to, c); standby != "" {
			wave.Steps = append(wave.Steps, Step{Do: Standby, Slot: c.Slot.String(), Host: standby, Release: w.to.Number})
		}
	}
	w.add(wave)
}

// defaultMonitor is Update.Monitor's.
const defaultMonitor = "5s"

// monitor has all that was changed watched for as long as the most cautious of them
// wants.
func (w *waver) monitor() {
	longest := ""
	for _, c := range w.active {
		if c.Kind == Runs {
			continue
		}
		own := w.to.Model.Services[c.Service].Update.Monitor
		if own == "" {
			own = defaultMonitor
		}
		if longest == "" || duration(own) > duration(longest) {
			longest = own
		}
	}
	if longest != "" {
		w.add(Wave{Title: "monitor", Steps: []Step{{Do: Monitor, For: longest, Release: w.to.Number}}})
	}
}

// stop stops what left, after the commit.
func (w *waver) stop() {
	first := Wave{Title: "stop what moved or is not wanted"}
	gone := map[string][]Step{} // by service
	for _, c := range w.changes {
		if standby := leavingStandby(w.from, w.to, c); standby != "" && !w.lost[standby] && !w.unlocks(c) {
			first.Steps = append(first.Steps, Step{Do: Stop, Slot: c.Slot.String(), Host: standby, Release: w.from.Number, Why: "a standby no more"})
		}
		if c.From == "" || w.lost[c.From] {
			continue
		}
		step := Step{Do: Stop, Slot: c.Slot.String(), Host: c.From, Release: w.from.Number, Why: c.Why}
		_, there := w.to.Model.Services[c.Service]
		switch {
		case c.Kind == Stopped && c.Order == StopFirst: // it was, before another one started
		case c.Kind == Stopped && !there:
			gone[c.Service] = append(gone[c.Service], step)
		case c.Kind == Stopped:
			first.Steps = append(first.Steps, step)
		case c.Kind == Moved && c.Order == StartFirst:
			step.Why = "moved to " + c.To
			first.Steps = append(first.Steps, step)
		case (c.Kind == Runs || c.Kind == Kept) && c.From != c.To:
			step.Why = "a job on " + c.To + " now"
			first.Steps = append(first.Steps, step)
		}
	}
	w.add(first)
	if len(gone) == 0 {
		return
	}
	groups := groupsOf(w.from.Model)
	for level := groups.depth; level >= 0; level-- {
		wave := Wave{Title: "stop services that are gone"}
		var names []string
		for _, name := range sortedKeys(gone) {
			if groups.level[name] == level {
				wave.Steps = append(wave.Steps, gone[name]...)
				names = append(names, name)
			}
		}
		wave.Title += ": " + strings.Join(names, ", ")
		w.add(wave)
	}
}

// String is a wave for people, a line a step.
func (wave Wave) String() string {
	var b strings.Builder
	b.WriteString(wave.Title + "\n")
	for _, s := range wave.Steps {
		fmt.Fprintf(&b, "  %s\n", s)
	}
	if wave.Pause != "" {
		fmt.Fprintf(&b, "  pause %s\n", wave.Pause)
	}
	return b.String()
}

// String is a step for people: replace web.1 on node-1, start-first, until healthy.
func (s Step) String() string {
	text := string(s.Do)
	for _, part := range []struct{ before, what string }{{" ", s.Slot}, {" ", s.Network}, {" on ", s.Host}, {", ", string(s.Order)}, {", until ", string(s.Until)}, {" for ", s.For}, {": ", s.Why}} {
		if part.what != "" {
			text += part.before + part.what
		}
	}
	return text
}
