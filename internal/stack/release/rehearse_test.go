package release

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rundock/internal/stack"
)

// world is what hosts have: instances by host and slot, with the hash of what they
// are made of, standbys, and networks.
type world map[string]string

// of is the world as a release has it.
func of(r *Release) world {
	w := world{}
	if r == nil {
		return w
	}
	for slot, s := range r.Slots {
		if s.Waiting || r.Model.Services[slot.Service].Job {
			continue
		}
		w[s.Host+" "+slot.String()] = s.Hash
		if s.Standby != "" {
			w[s.Standby+" standby "+slot.String()] = s.Hash
		}
	}
	for pair := range r.networksOf(false) {
		w[pair[0]+" network "+pair[1]] = "up"
	}
	return w
}

// do does a step, and says what is wrong with it; "": nothing.
func (w world) do(s Step, from *Release, to Release) string {
	r := &to
	if from != nil && s.Release == from.Number {
		r = from
	}
	key, standby, net := s.Host+" "+s.Slot, s.Host+" standby "+s.Slot, s.Host+" network "+s.Network
	slot, _ := stack.ParseSlot(s.Slot)
	hash := r.Slots[slot].Hash
	switch s.Do {
	case Prepare, Monitor, Commit:
	case Run:
		delete(w, key) // what was there is the job's container now
	case Join:
		w[net] = "up"
	case Leave:
		delete(w, net)
	case Start, Replace:
		for key := range r.Model.Services[slot.Service].Networks {
			if w[s.Host+" network "+key] == "" {
				return fmt.Sprintf("%s: %s has no network %s", s, s.Host, key)
			}
		}
		delete(w, standby) // the same folder on the host
		w[key] = hash
	case Standby:
		delete(w, key)
		w[standby] = hash
	case Stop:
		delete(w, key)
		delete(w, standby)
	}
	return ""
}

// differs says by what two worlds differ; "": by nothing.
func (w world) differs(want world) string {
	var all []string
	for key, hash := range w {
		if want[key] != hash {
			all = append(all, fmt.Sprintf("%s is %s, want %q", key, hash, want[key]))
		}
	}
	for key := range want {
		if w[key] == "" {
			all = append(all, key+" is missing")
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// randomRelease has services of all kinds on four hosts.
func randomRelease(t *testing.T, r *rand.Rand, number int) Release {
	hosts := []string{"a", "b", "c", "d"}
	all := services{}
	var slots []string
	var names []string
	for i := range 6 {
		if r.IntN(5) == 0 {
			continue
		}
		name := fmt.Sprintf("s%d", i)
		def := service(fmt.Sprint("app:", r.IntN(2)), 1+r.IntN(3))
		if len(names) > 0 && r.IntN(2) == 0 {
			after(names[r.IntN(len(names))])(&def)
		}
		switch r.IntN(8) {
		case 0:
			port(&def)
		case 1:
			in("back")(&def)
		case 2:
			in("back", "front")(&def)
		case 3:
			job(&def)
		case 4:
			rescheduled(&def)
		case 5:
			update(stack.Update{Parallelism: r.IntN(4) - 1, Order: []string{"", "stop-first", "start-first"}[r.IntN(3)]})(&def)
		case 6:
			if len(names) > 0 {
				network(names[0])(&def)
			}
		}
		all[name] = def
		names = append(names, name)
		for n := range def.Replicas {
			place := hosts[(i+n+r.IntN(2))%len(hosts)]
			if def.Reschedule {
				place += "+" + hosts[(i+n+2)%len(hosts)]
			}
			slots = append(slots, fmt.Sprintf("%s.%d=%s", name, n+1, place))
		}
	}
	made := release(t, number, number-1, all, strings.Join(slots, " "))
	for slot, s := range made.Slots {
		if s.Standby == s.Host || !made.locks(slot.Service) {
			s.Standby = ""
			made.Slots[slot] = s
		}
	}
	return made
}

// Done to the end, the waves make hosts what the new release says. Left anywhere,
// with any part of a wave done, Undo makes them what they were.
func TestWaves_lead_there_and_Undo_back_from_anywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 31))
	for n := range 400 {
		from, to := ptr(randomRelease(t, r, 1)), randomRelease(t, r, 2)
		if n%10 == 0 {
			from, to.From = nil, 0
		}
		waves := Waves(from, to)
		fail := func(what, why string) {
			t.Helper()
			t.Fatalf("case %d: %s: %s\nfrom %v\nto %v\n%s", n, what, why, of(from), of(&to), text(waves))
		}
		now := of(from)
		for _, wave := range waves {
			for _, s := range wave.Steps {
				if wrong := now.do(s, from, to); wrong != "" {
					fail("on the way", wrong)
				}
			}
		}
		if wrong := now.differs(of(&to)); wrong != "" {
			fail("at the end", wrong)
		}
		commit := CommitAt(waves)
		left := r.IntN(commit) // waves that are done
		now = of(from)
		for i, wave := range waves[:left+1] {
			for _, s := range wave.Steps {
				if i < left || i+1 < commit && r.IntN(2) == 0 {
					now.do(s, from, to)
				}
			}
		}
		begun := min(left+1, commit-1)
		undo, _ := Undo(from, to, begun)
		for _, wave := range undo {
			for _, s := range wave.Steps {
				now.do(s, from, to)
			}
		}
		if wrong := now.differs(of(from)); wrong != "" {
			fail(fmt.Sprintf("undone from wave %d", begun), wrong+"\n"+text(undo))
		}
	}
}

// locked are which instances hosts have of slots, and whether these hold a lock.
type locked map[string]map[string]bool

func (l locked) do(s Step, from *Release, to Release) {
	r := to
	if s.Release == orNothing(from).Number {
		r = orNothing(from)
	}
	slot, _ := stack.ParseSlot(s.Slot)
	if l[s.Slot] == nil {
		l[s.Slot] = map[string]bool{}
	}
	switch s.Do {
	case Start, Replace, Standby:
		l[s.Slot][s.Host] = r.locks(slot.Service)
	case Stop, Run:
		delete(l[s.Slot], s.Host)
	}
}

// twice says which slot may run twice that holds a lock in one of the releases: those without a
// lock run, and one of those with it.
func (l locked) twice(from, to Release) string {
	for _, name := range slices.Sorted(maps.Keys(l)) {
		slot, _ := stack.ParseSlot(name)
		may, byLock := 0, 0
		for _, holds := range l[name] {
			if holds {
				byLock = 1
			} else {
				may++
			}
		}
		if may+byLock > 1 && (from.locks(slot.Service) || to.locks(slot.Service)) {
			return fmt.Sprintf("%s may run twice: %v", name, l[name])
		}
	}
	return ""
}

// What holds a lock before or after runs once all the way there, and all the way back from
// anywhere, also where a host is away then.
func TestWaves_and_Undo_never_have_two_run_of_what_is_rescheduled(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 54))
	left := 0
	for n := range 1500 {
		from, to := ptr(randomRelease(t, r, 1)), randomRelease(t, r, 2)
		waves := Waves(from, to)
		start := func() locked {
			l := locked{}
			for slot, s := range from.Slots {
				if from.Model.Services[slot.Service].Job {
					continue
				}
				l.do(Step{Do: Start, Slot: slot.String(), Host: s.Host, Release: 1}, from, to)
				if s.Standby != "" {
					l.do(Step{Do: Standby, Slot: slot.String(), Host: s.Standby, Release: 1}, from, to)
				}
			}
			return l
		}
		now := start()
		for _, wave := range waves {
			for _, s := range wave.Steps {
				if now.do(s, from, to); now.twice(*from, to) != "" {
					t.Fatalf("case %d: %s: %s\n%s", n, s, now.twice(*from, to), text(waves))
				}
			}
		}
		begun := r.IntN(CommitAt(waves)) // waves, the last of which not all is done of
		now = start()
		for i, wave := range waves[:begun] {
			for _, s := range wave.Steps {
				if i+1 < begun || r.IntN(2) == 0 {
					now.do(s, from, to)
				}
			}
		}
		away, missed := string(rune('a'+r.IntN(4))), map[string]bool{}
		undo, _ := Undo(from, to, begun)
		for _, wave := range undo {
			for _, s := range wave.Steps {
				switch {
				case s.Host == away:
					missed[s.Slot] = true
					continue
				case s.Strict && missed[s.Slot]:
					left++
					continue
				}
				if now.do(s, from, to); now.twice(*from, to) != "" {
					t.Fatalf("case %d: undone while %s is away: %s: %s\n%s", n, away, s, now.twice(*from, to), text(undo))
				}
			}
		}
	}
	if left < 50 {
		t.Errorf("only %d steps are left out as a host is away", left)
	}
}

// Nothing starts on a host where another one still has its port, all the way there, and all the way
// back from anywhere.
func TestWaves_and_Undo_never_have_two_of_a_port(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 80))
	random := func(number int) Release {
		for {
			all, places, taken, free := services{}, "", map[string]bool{}, true
			for i := range 6 {
				if r.IntN(4) == 0 {
					continue
				}
				name, host := fmt.Sprint("s", i), string(rune('a'+r.IntN(3)))
				def := service(fmt.Sprint("app:", r.IntN(2)), 1)
				if i < 4 {
					port(&def)
					free, taken[host] = free && !taken[host], true
				}
				if other := fmt.Sprint("s", r.IntN(6)); i > 0 && other < name && all[other].Replicas > 0 {
					after(other)(&def)
				}
				all[name] = def
				places += name + ".1=" + host + " "
			}
			if free {
				return release(t, number, number-1, all, places)
			}
		}
	}
	for n := range 1000 {
		from, to := ptr(random(1)), random(2)
		waves := Waves(from, to)
		on := map[string]string{} // who has the port, by host
		reset := func() {
			clear(on)
			for slot, s := range from.Slots {
				if len(from.Model.Services[slot.Service].Ports) > 0 {
					on[s.Host] = slot.String()
				}
			}
		}
		do := func(s Step) {
			t.Helper()
			slot, _ := stack.ParseSlot(s.Slot)
			switch takes := slot.Service < "s4"; {
			case s.Do == Stop && on[s.Host] == s.Slot:
				delete(on, s.Host)
			case (s.Do == Start || s.Do == Replace) && takes && on[s.Host] != "" && on[s.Host] != s.Slot:
				t.Fatalf("case %d: %s, where %s has its port\n%s", n, s, on[s.Host], text(waves))
			case (s.Do == Start || s.Do == Replace) && takes:
				on[s.Host] = s.Slot
			}
		}
		reset()
		for _, wave := range waves {
			for _, s := range wave.Steps {
				do(s)
			}
		}
		begun := r.IntN(CommitAt(waves))
		reset()
		for i, wave := range waves[:begun] {
			for _, s := range wave.Steps {
				if i+1 < begun || r.IntN(2) == 0 {
					do(s)
				}
			}
		}
		undo, _ := Undo(from, to, begun)
		for _, wave := range undo {
			for _, s := range wave.Steps {
				do(s)
			}
		}
		for slot, s := range from.Slots {
			if len(from.Model.Services[slot.Service].Ports) > 0 && on[s.Host] != slot.String() {
				t.Fatalf("case %d: undone from wave %d, %s is not on %s\n%s", n, begun, slot, s.Host, text(undo))
			}
		}
	}
}

// Nothing that both releases have is stopped before the commit, unless something
// else takes its place in the same step or the step says why; and who depends on
// another comes after it.
func TestWaves_keep_order(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 34))
	for n := range 300 {
		from, to := ptr(randomRelease(t, r, 1)), randomRelease(t, r, 2)
		waves := Waves(from, to)
		at := map[string]int{} // wave in which a service is last worked on, and first
		begins := map[string]int{}
		for i, wave := range waves[:CommitAt(waves)] {
			for _, s := range wave.Steps {
				if s.Do == Stop && s.Why == "" {
					t.Fatalf("case %d: %s before the commit, and says not why", n, s)
				}
				if s.Do != Start && s.Do != Replace && s.Do != Run {
					continue
				}
				slot, _ := stack.ParseSlot(s.Slot)
				at[slot.Service] = i
				if _, had := begins[slot.Service]; !had {
					begins[slot.Service] = i
				}
			}
		}
		pods := map[string]int{}
		for i, pod := range to.Model.Pods() {
			for _, name := range pod {
				pods[name] = i
			}
		}
		for _, name := range slices.Sorted(maps.Keys(to.Model.Services)) {
			for other := range to.Model.Services[name].DependsOn {
				begin, works := begins[name]
				end, worked := at[other]
				if works && worked && pods[name] != pods[other] && begin <= end {
					t.Fatalf("case %d: %s begins in wave %d, and %s, on which it depends, ends in %d\n%s", n, name, begin, other, end, text(waves))
				}
			}
		}
	}
}
