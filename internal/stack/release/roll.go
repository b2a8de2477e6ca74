package release

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rundock/internal/stack"
)

// groups are the services of a model in the order of their waves.
type groups struct {
	pods  [][]string     // that go whole
	level map[string]int // of a service: how many groups come before its own
	inner map[string]int // of a service in its group: owners first
	depth int            // the highest level
}

// groupsOf sorts services by what they depend on. A pod goes whole, and is as late
// as the latest of it; where another service comes between two of a pod, each of
// these goes by itself.
func groupsOf(m stack.Stack) groups {
	pods := m.Pods()
	for {
		g, circle := sorted(m, pods)
		if len(circle) == 0 {
			return g
		}
		var parted [][]string
		for i, pod := range pods {
			if !slices.Contains(circle, i) {
				parted = append(parted, pod)
				continue
			}
			for _, name := range pod {
				parted = append(parted, []string{name})
			}
		}
		pods = parted
	}
}

// sorted gives pods their levels, or returns pods of several services that are in
// a circle.
func sorted(m stack.Stack, pods [][]string) (g groups, circle []int) {
	g = groups{pods: pods, level: map[string]int{}, inner: map[string]int{}}
	podOf := map[string]int{}
	for i, pod := range pods {
		for _, name := range pod {
			podOf[name] = i
		}
	}
	levels, seen := make([]int, len(pods)), make([]bool, len(pods))
	var way []int
	var visit func(i int) int
	visit = func(i int) int {
		if at := slices.Index(way, i); at >= 0 {
			for _, on := range way[at:] {
				if len(pods[on]) > 1 {
					circle = append(circle, on)
				}
			}
		}
		if seen[i] {
			return levels[i]
		}
		seen[i], way = true, append(way, i)
		for _, name := range pods[i] {
			for _, other := range before(m, name) {
				if at, ok := podOf[other]; ok && at != i {
					levels[i] = max(levels[i], visit(at)+1)
				}
			}
		}
		way = way[:len(way)-1]
		return levels[i]
	}
	for i, pod := range pods {
		level := visit(i)
		g.depth = max(g.depth, level)
		for _, name := range pod {
			g.level[name] = level
			g.inner[name] = innerLevel(m, pod, name, nil)
		}
	}
	return g, circle
}

// before are the services that come before another one.
func before(m stack.Stack, name string) []string {
	def := m.Services[name]
	return append(def.Pod.Services(), sortedKeys(def.DependsOn)...)
}

// innerLevel is how many of its pod a service comes after.
func innerLevel(m stack.Stack, pod []string, name string, above []string) (level int) {
	if slices.Contains(above, name) {
		return 0
	}
	for _, other := range before(m, name) {
		if other != name && slices.Contains(pod, other) {
			level = max(level, innerLevel(m, pod, other, append(above, name))+1)
		}
	}
	return level
}

// roll adds the waves in which instances are started and replaced. Groups of one
// level go side by side.
func (w *waver) roll() {
	g := groupsOf(w.to.Model)
	of := map[string][]Change{}
	for _, c := range w.active {
		of[c.Service] = append(of[c.Service], c)
	}
	stopped := map[string]bool{} // once is enough, and is taken back where nothing is in the way
	for level := 0; level <= g.depth; level++ {
		var waves []Wave
		for _, pod := range g.pods {
			if g.level[pod[0]] == level {
				waves = beside(waves, w.rollPod(g, pod, of))
			}
		}
		for _, wave := range waves {
			wave.Steps = slices.DeleteFunc(wave.Steps, func(s Step) bool {
				again := s.Do == Stop && stopped[s.Host+" "+s.Slot]
				stopped[s.Host+" "+s.Slot] = again || s.Do == Stop
				return again
			})
			w.add(wave.titled())
		}
	}
}

// beside puts the n-th waves of two groups together.
func beside(a, b []Wave) []Wave {
	for i, wave := range b {
		if i == len(a) {
			a = append(a, Wave{})
		}
		a[i].Steps = append(a[i].Steps, wave.Steps...)
		if duration(wave.Pause) > duration(a[i].Pause) {
			a[i].Pause = wave.Pause
		}
	}
	return a
}

// titled has a wave called by its services.
func (wave Wave) titled() Wave {
	var names []string
	for _, s := range wave.Steps {
		if slot, err := stack.ParseSlot(s.Slot); err == nil {
			names = append(names, slot.Service)
		}
	}
	slices.Sort(names)
	wave.Title = strings.Join(slices.Compact(names), ", ")
	return wave
}

// rollPod is the waves of one pod: batches of numbers, and in each batch the owners
// before those that join them.
func (w *waver) rollPod(g groups, pod []string, of map[string][]Change) (waves []Wave) {
	byNumber := map[int][]Change{}
	for _, name := range pod {
		for _, c := range of[name] {
			byNumber[c.Number] = append(byNumber[c.Number], c)
		}
	}
	batches, pause := w.batches(pod, byNumber)
	for i, numbers := range batches {
		var inBatch []Wave
		for depth := range len(pod) {
			var stops, wave Wave
			for _, number := range numbers {
				for _, c := range byNumber[number] {
					if g.inner[c.Service] != depth {
						continue
					}
					if standby := leavingStandby(w.from, w.to, c); standby != "" && !w.lost[standby] && w.unlocks(c) {
						stops.Steps = append(stops.Steps, Step{Do: Stop, Slot: c.Slot.String(), Host: standby, Release: w.from.Number, Why: "no standby: " + w.to.Model.NoStandby(c.Service)})
					}
					for _, leaves := range w.before[c.Slot] {
						if !w.lost[leaves.From] {
							stops.Steps = append(stops.Steps, Step{Do: Stop, Slot: leaves.Slot.String(), Host: leaves.From, Release: w.from.Number, Why: leaves.OrderWhy})
						}
					}
					if c.Kind == Moved && c.Order == StopFirst && !w.lost[c.From] {
						stops.Steps = append(stops.Steps, Step{Do: Stop, Slot: c.Slot.String(), Host: c.From, Release: w.from.Number, Why: c.OrderWhy})
					}
					wave.Steps = append(wave.Steps, w.step(c))
				}
			}
			for _, one := range []Wave{stops, wave} {
				if len(one.Steps) > 0 {
					inBatch = append(inBatch, one)
				}
			}
		}
		if i+1 < len(batches) && len(inBatch) > 0 {
			inBatch[len(inBatch)-1].Pause = pause
		}
		waves = append(waves, inBatch...)
	}
	return waves
}

// batches parts the numbers of a pod: those of which all is new are in the first
// batch, the others are as many at a time as the most cautious service of the pod
// says. pause is what it says between two of them.
func (w *waver) batches(pod []string, byNumber map[int][]Change) (all [][]int, pause string) {
	var fresh, others []int
	for _, number := range slices.Sorted(maps.Keys(byNumber)) {
		if slices.ContainsFunc(byNumber[number], func(c Change) bool { return c.Kind == Replaced || c.Kind == Moved }) {
			others = append(others, number)
		} else {
			fresh = append(fresh, number)
		}
	}
	size := -1 // all
	for _, name := range pod {
		u := w.to.Model.Services[name].Update
		if own := max(u.Parallelism, -1); own != -1 && (size == -1 || max(own, 1) < size) {
			size = max(own, 1)
		}
		if duration(u.Delay) > duration(pause) {
			pause = u.Delay
		}
	}
	if size == -1 {
		size = max(len(others), 1)
	}
	all = slices.Collect(slices.Chunk(others, size))
	switch {
	case len(fresh) == 0:
	case len(all) == 0:
		all = [][]int{fresh}
	default:
		all[0] = append(fresh, all[0]...)
	}
	return all, pause
}

// step is what is done for a slot that gets a container. It is over when what
// others wait for holds, and at least when it is well.
func (w *waver) step(c Change) Step {
	s := Step{Do: Start, Slot: c.Slot.String(), Host: c.To, Release: w.to.Number, Until: stack.Healthy, Why: c.Why}
	switch c.Kind {
	case Runs:
		s.Do, s.Until = Run, stack.Completed
	case Replaced:
		s.Do, s.Order = Replace, c.Order
		if c.OrderWhy != "" {
			s.Why += "; stop-first: " + c.OrderWhy
		}
	}
	return s
}

// duration of a text in the model, which was checked when it was made: what cannot
// be read is none.
func duration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
