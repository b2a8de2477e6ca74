package release

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/stack"
)

// Kind is what becomes of a slot.
type Kind string

// The kinds, in the order in which they are counted.
const (
	New      Kind = "new"
	Replaced Kind = "replaced"
	Moved    Kind = "moved"
	Kept     Kind = "kept"
	Waiting  Kind = "waiting" // its data is on a host that cannot run it
	Stopped  Kind = "stopped"
	Runs     Kind = "runs" // a job, once for this release
)

var kinds = []Kind{New, Replaced, Moved, Kept, Waiting, Stopped, Runs}

// Change is what becomes of one slot between two releases.
type Change struct {
	stack.Slot
	Kind     Kind
	From, To string // hosts; "": it was, or is, on none
	Why      string
	Order    Order  // of Replaced and Moved; of Stopped where it is StopFirst: before another slot starts
	OrderWhy string // why it is StopFirst
}

// Diff compares two releases slot by slot, sorted; from is nil where to is the
// first. A slot whose container is made of something else is replaced, and so is
// what shares a namespace with it, or depends on it with restart.
func Diff(from *Release, to Release) []Change {
	all, _ := diff(from, to)
	return all
}

// diff is Diff, with the slots that leave before others come.
func diff(from *Release, to Release) (all []Change, found []conflict) {
	d := newDiffer(orNothing(from), to)
	changes := map[stack.Slot]Change{}
	for slot, now := range to.Slots {
		changes[slot] = d.change(slot, now)
	}
	for slot, was := range d.from.Slots {
		if _, there := to.Slots[slot]; !there {
			changes[slot] = Change{Slot: slot, Kind: Stopped, From: was.Host, Why: to.stopsFor(slot)}
		}
	}
	to.spreadReplacing(changes)
	all = slices.SortedFunc(maps.Values(changes), func(x, y Change) int { return x.Slot.Compare(y.Slot) })
	for i := range all {
		c := &all[i]
		if c.Kind == Replaced || c.Kind == Moved {
			c.Order, c.OrderWhy = d.order(c.Slot, c.Kind)
		}
	}
	found = d.conflicts(all)
	for _, f := range found {
		if c := &all[f.leaves]; c.Order != StopFirst {
			c.Order, c.OrderWhy = StopFirst, f.why
		}
	}
	return all, found
}

// orNothing is from; where to is the first release, one that has nothing.
func orNothing(from *Release) Release {
	if from == nil {
		return Release{}
	}
	return *from
}

// differ compares two releases.
type differ struct {
	from   Release
	to     Release
	words  map[string]string // what changed, by service
	joined map[string]string // a service that joins another one, by that
}

func newDiffer(from, to Release) *differ {
	d := &differ{from, to, map[string]string{}, map[string]string{}}
	for _, name := range sortedKeys(to.Model.Services) {
		for _, owner := range to.Model.Services[name].Pod.Services() {
			if d.joined[owner] == "" {
				d.joined[owner] = name
			}
		}
	}
	return d
}

// changed is what a service's containers are made of now that they were not before.
func (d *differ) changed(service string) string {
	if d.words[service] == "" {
		d.words[service] = d.to.changed(d.from, service)
	}
	return d.words[service]
}

func (d *differ) change(slot stack.Slot, now Slot) Change {
	was, had := d.from.Slots[slot]
	c := Change{Slot: slot, Kind: New, From: was.Host, To: now.Host, Why: now.Why}
	def := d.to.Model.Services[slot.Service]
	switch {
	case now.Waiting:
		c.Kind = Waiting
	case def.Job && slices.Contains(d.to.Skipped, slot.Service):
		c.Kind, c.Why = Kept, "a job, which is not run to go back"
	case def.Job:
		c.Kind, c.Why = Runs, "a job"
	case !had || was.Waiting && was.Host == now.Host:
		c.Kind = New
	case was.Host != now.Host:
		c.Kind = Moved
		if was.Hash != now.Hash {
			c.Why = strings.TrimPrefix(c.Why+"; "+d.changed(slot.Service), "; ")
		}
	case was.Hash != now.Hash:
		c.Kind, c.Why = Replaced, d.changed(slot.Service)
	case !slices.Equal(was.Ports, now.Ports): // others have taken what it had
		c.Kind, c.Why = Replaced, fmt.Sprintf("of its ranges of ports it gets %s instead of %s", listed(now.Ports), listed(was.Ports))
	default:
		c.Kind = Kept
	}
	return c
}

// listed are ports for people: 8000, 9001.
func listed(ports []int) string {
	var all []string
	for _, p := range ports {
		all = append(all, strconv.Itoa(p))
	}
	return strings.Join(all, ", ")
}

func (r Release) stopsFor(slot stack.Slot) string {
	def, ok := r.Model.Services[slot.Service]
	switch {
	case !ok:
		return "the service is gone"
	case def.Global:
		return "its host is not for it any more"
	}
	return fmt.Sprintf("%d wanted", def.Replicas)
}

// spreadReplacing has those replaced that are kept and cannot outlive another one.
func (r Release) spreadReplacing(changes map[stack.Slot]Change) {
	slots := slices.SortedFunc(maps.Keys(changes), stack.Slot.Compare)
	for again := true; again; {
		again = false
		for _, slot := range slots {
			c := changes[slot]
			def := r.Model.Services[slot.Service]
			if c.Kind != Kept || def.Job {
				continue
			}
			if why := r.follows(changes, slot, def); why != "" {
				c.Kind, c.Why, again = Replaced, why, true
				changes[slot] = c
			}
		}
	}
}

// follows says with which changed slot another one is made anew; "": with none.
func (r Release) follows(changes map[stack.Slot]Change, slot stack.Slot, def stack.Service) string {
	isNew := func(slot stack.Slot) bool {
		k := changes[slot].Kind
		return k == New || k == Replaced || k == Moved
	}
	for _, owner := range def.Pod.Services() {
		if other := (stack.Slot{Service: owner, Number: slot.Number}); isNew(other) {
			return "with " + other.String()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(def.DependsOn)) {
		if !def.DependsOn[name].Restart {
			continue
		}
		for other := range changes {
			if other.Service == name && isNew(other) {
				return "with " + name + ", which it depends on with restart"
			}
		}
	}
	return ""
}

// String is a line for people: web.2 node-1 -> node-2 moved: label zone lost.
func (c Change) String() string {
	hosts := cmp.Or(c.To, c.From)
	if c.Kind == Moved {
		hosts = c.From + " -> " + c.To
	}
	line := fmt.Sprintf("%s %s %s", c.Slot, hosts, c.Kind)
	if c.Why != "" {
		line += ": " + c.Why
	}
	if c.Order == StopFirst {
		line += "; stop-first: " + c.OrderWhy
	}
	return line
}

// Lines are what a person reads before a release is rolled out, and in check mode:
// a head that counts, a line a slot, what is refused, and what stays behind.
// refused are placement's own lines. There is no value of a secret or of
// an environment variable in them.
func Lines(from *Release, to Release, refused []string) []string {
	changes := Diff(from, to)
	name := to.Model.Name
	head := fmt.Sprintf("%s: release %d", name, to.Number)
	if from != nil {
		head += fmt.Sprintf(" from %d", from.Number)
	}
	counts := map[Kind]int{}
	for _, c := range changes {
		counts[c.Kind]++
	}
	var counted []string
	for _, k := range kinds {
		switch n := counts[k]; {
		case n == 0:
		case k == Runs && n == 1:
			counted = append(counted, "1 job")
		case k == Runs:
			counted = append(counted, fmt.Sprintf("%d jobs", n))
		default:
			counted = append(counted, fmt.Sprintf("%d %s", n, k))
		}
	}
	if len(refused) > 0 {
		counted = append(counted, fmt.Sprintf("%d refused", len(refused)))
	}
	if len(counted) == 0 {
		counted = []string{"nothing runs"}
	}
	all := []string{head + ": " + strings.Join(counted, ", ")}
	for _, c := range changes {
		line := c.String()
		if standby := to.Slots[c.Slot].Standby; standby != "" {
			line += "; standby " + standby
		}
		all = append(all, line)
	}
	all = append(all, refused...)
	return append(all, remarks(from, to, changes)...)
}

// Unreached are lines of what is to change on hosts that are away, by what they are, such as
// unreachable, and so is refused. Those that are given up are not among these hosts: whoever
// knows that one is gone for good says so, and its slots move.
func Unreached(from *Release, to Release, away map[string]string) (refused []string) {
	for _, c := range Diff(from, to) {
		refuse := func(host, becomes, why string) {
			if is, away := away[host]; away {
				refused = append(refused, fmt.Sprintf("%s refused: %s is %s, where %s: %s", c.Slot, host, is, becomes, why))
			}
		}
		if c.Kind != Kept && c.Kind != Waiting {
			becomes := "it is to be " + string(c.Kind)
			if c.Kind == Runs {
				becomes = "it is to run"
			}
			for _, host := range slices.Compact([]string{c.From, c.To}) {
				refuse(host, becomes, c.Why)
			}
		}
		refuse(newStandby(orNothing(from), to, c), "its standby is to be replaced", c.Why)
		refuse(leavingStandby(orNothing(from), to, c), "its standby is to be stopped", to.standbyLeavesFor(c))
	}
	return refused
}

// standbyLeavesFor says why a slot's standby is to be stopped.
func (r Release) standbyLeavesFor(c Change) string {
	if c.Kind == Stopped {
		return c.Why
	}
	return cmp.Or(r.Model.NoStandby(c.Service), "it has another one")
}

// remarks say what the slots' lines do not: which jobs are not undone, and which
// volumes stay.
func remarks(from *Release, to Release, changes []Change) (all []string) {
	var jobs []string
	for _, c := range changes {
		if c.Kind == Runs && !slices.Contains(jobs, c.Service) {
			jobs = append(jobs, c.Service)
		}
	}
	for _, job := range jobs {
		all = append(all, fmt.Sprintf("job %s: what it does is not undone if the release fails", job))
	}
	for _, c := range changes {
		if c.Kind != Stopped {
			continue
		}
		for _, volume := range from.Slots[c.Slot].Volumes {
			all = append(all, fmt.Sprintf("volume %s of %s stays on %s", volume, c.Slot, c.From))
		}
	}
	return all
}
