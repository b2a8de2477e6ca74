package place

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
)

// addUnits makes the units of all pods, and shapes of them.
func (b *board) addUnits(previous map[stack.Slot]stack.Place) error {
	index := map[string]int{}
	for i, s := range b.services {
		index[s.name] = i
	}
	for _, names := range b.stack.Pods() {
		var members []int
		for _, name := range names {
			members = append(members, index[name])
			if b.services[index[name]].Global != b.services[members[0]].Global {
				return fmt.Errorf("%s and %s share what only one host has, and one of them is global", names[0], name)
			}
		}
		if b.services[members[0]].Global {
			b.addGlobal(members, previous)
		} else {
			b.addNumbered(members, previous)
		}
	}
	b.nameSlots()
	b.setLevels()
	return nil
}

// addNumbered adds the units 1 to n of a pod. A number that some services of the
// pod do not reach makes another shape.
func (b *board) addNumbered(members []int, previous map[stack.Slot]stack.Place) {
	most := 0
	for _, s := range members {
		most = max(most, b.services[s].Replicas)
	}
	var now *shape
	for number := 1; number <= most; number++ {
		var some []int
		for _, s := range members {
			if b.services[s].Replicas >= number {
				some = append(some, s)
			}
		}
		if now == nil || !slices.Equal(now.services, some) {
			now = b.addShape(some)
		}
		b.addUnit(now, number, -1, previous)
	}
}

// addGlobal adds a unit for each host that a global pod is meant for: one that has
// it keeps its number, others get the lowest that none has or had.
func (b *board) addGlobal(members []int, previous map[stack.Slot]stack.Place) {
	s := b.addShape(members)
	title := b.services[s.title].name
	had, used := map[string]int{}, map[int]bool{}
	for slot, place := range previous {
		if slot.Service != title {
			continue
		}
		used[slot.Number] = true
		if number, ok := had[place.Host]; !ok || slot.Number < number {
			had[place.Host] = slot.Number
		}
	}
	next := 1
	for at, h := range b.hosts {
		number, was := had[h.Name]
		if !s.eligible[at] || !was && h.state != Ready {
			continue
		}
		if !was {
			for used[next] {
				next++
			}
			number, used[next] = next, true
		}
		b.addUnit(s, number, at, previous)
	}
	for _, name := range slices.Sorted(maps.Keys(had)) {
		if _, known := b.byName[name]; !known {
			b.addUnit(s, had[name], -1, previous)
		}
	}
}

func (b *board) addShape(members []int) *shape {
	s := &shape{services: members, title: members[0]}
	for _, m := range members {
		def := b.services[m]
		if len(def.Pod.Services()) == 0 && len(b.services[s.title].Pod.Services()) > 0 {
			s.title = m
		}
		s.need.CPU += def.need.CPU
		s.need.Memory += def.need.Memory
		s.maximum = s.maximum || def.MaxPerHost > 0
		s.ports = append(s.ports, def.ports...)
	}
	twice := clash(s.ports)
	for _, h := range b.hosts {
		meant := b.meant(s, h)
		s.eligible = append(s.eligible, meant.filter == none || h.state == Unreachable)
		if meant.filter == none && twice != "" {
			meant = took{filter: byPort, what: twice, index: -1}
		}
		s.barred = append(s.barred, meant)
	}
	b.shapes = append(b.shapes, s)
	return s
}

// meant says what takes a host that the file itself, or the host's state, rules
// out. A paused one keeps what it has: see look.
func (b *board) meant(s *shape, h *hostState) took {
	if h.state != Ready && h.state != Paused {
		return took{filter: byState, what: string(h.state)}
	}
	for _, m := range s.services {
		def := b.services[m]
		for i, c := range def.constraints {
			if !c.Soft && !c.heldBy(h.Host) {
				return took{byConstraint, c.what, i}
			}
		}
		if def.architecture != "" && h.Arch != "" && !slices.Contains(archNames(h.Arch), archNames(def.architecture)[0]) {
			return took{byConstraint, "platform " + def.Container.Platform, -1}
		}
		for _, name := range def.externals {
			if !slices.Contains(h.Volumes, name) {
				return took{filter: byVolume, what: "no volume " + name}
			}
		}
		for _, name := range def.networks {
			if h.Networks != nil && !slices.Contains(h.Networks, name) {
				return took{filter: byNetwork, what: "no network " + name}
			}
		}
	}
	return took{}
}

// addUnit adds a unit. Services of one pod that were on several hosts come
// together where most of their volumes are, then where most of them are.
func (b *board) addUnit(s *shape, number, only int, previous map[stack.Slot]stack.Place) {
	u := &unit{shape: s, number: number, only: only, index: len(b.units), host: -1, was: -1, standby: -1}
	type votes struct{ volumes, slots int }
	cast := map[string]votes{}
	var host string
	for _, m := range s.services {
		of := slot{Slot: stack.Slot{Service: b.services[m].name, Number: number}}
		if before, ok := previous[of.Slot]; ok {
			of.before = before
			v := cast[before.Host]
			v.slots++
			for _, name := range before.Volumes {
				if slices.Contains(b.services[m].volumes, name) {
					v.volumes++
				}
			}
			cast[before.Host] = v
			if at, ok := b.byName[before.Standby]; !ok {
				u.standbyAway = before.Standby
			} else if u.standby < 0 {
				u.standby = at
			}
		}
		u.slots = append(u.slots, of)
	}
	for name, v := range cast {
		best := cast[host]
		if order := cmp.Or(cmp.Compare(v.volumes, best.volumes), cmp.Compare(v.slots, best.slots)); order > 0 || order == 0 && name < host {
			host = name
		}
	}
	u.settleBefore(b, host, previous)
	b.setHad(u)
	for _, name := range slices.Sorted(maps.Keys(cast)) {
		if name != host && cast[name].volumes > 0 {
			u.split = fmt.Sprintf("its volumes are on %s and on %s", host, name)
		}
	}
	u.hash = hash(b.stack.Name + "/" + b.titleOf(u))
	b.units = append(b.units, u)
}

// settleBefore says where the unit was, and which volumes hold it there.
func (u *unit) settleBefore(b *board, host string, previous map[stack.Slot]stack.Place) {
	if host == "" {
		return
	}
	at, known := b.byName[host]
	if known {
		u.was = at
	} else {
		u.away = host
	}
	for i, m := range u.services {
		if before := previous[u.slots[i].Slot]; before.Host == host {
			for _, name := range before.Volumes {
				if slices.Contains(b.services[m].volumes, name) && !slices.Contains(u.holds, name) {
					u.holds = append(u.holds, name)
				}
			}
		}
	}
	slices.Sort(u.holds)
}

// nameSlots finds which slots each affinity names.
func (b *board) nameSlots() {
	for _, r := range b.rules {
		r.named = make([]bool, len(b.services))
	}
	dashes, underscores := make([]string, len(b.services)), make([]string, len(b.services))
	candidates := make([][]int, len(b.services)) // rules that may name a slot, by its name
	always := make([][]int, len(b.services))
	for i, s := range b.services {
		dashes[i], underscores[i] = b.stack.Name+"-"+s.name+"-", b.stack.Name+"_"+s.name+"_"
		for at, r := range b.rules {
			switch {
			case r.Key == stack.KeyContainer && (r.mayName(dashes[i]) || r.mayName(underscores[i])):
				candidates[i] = append(candidates[i], at)
			case r.matchesService(b.stack.Name, s.name, s.Service):
				always[i] = append(always[i], at)
			}
		}
	}
	for _, u := range b.units {
		for i, m := range u.services {
			matched := slices.Clone(always[m])
			number := fmt.Sprint(u.number)
			for _, at := range candidates[m] {
				if b.rules[at].matches(dashes[m]+number, underscores[m]+number) {
					matched = append(matched, at)
				}
			}
			for _, at := range matched {
				b.rules[at].named[m] = true
			}
			u.slots[i].matched = matched
			u.matched = append(u.matched, matched...)
		}
	}
}

// setLevels has a shape come after those that its affinities must be with.
func (b *board) setLevels() {
	of := map[int][]*shape{} // by service
	for _, s := range b.shapes {
		for _, m := range s.services {
			of[m] = append(of[m], s)
		}
	}
	const unknown = -1
	for _, s := range b.shapes {
		s.level = unknown
	}
	var level func(s *shape) int
	level = func(s *shape) int {
		if s.level != unknown {
			return s.level
		}
		s.level = 0 // so that a circle ends
		for _, m := range s.services {
			for _, at := range b.services[m].affinities {
				if b.rules[at].Not {
					continue
				}
				for named, is := range b.rules[at].named {
					if !is || slices.Contains(s.services, named) {
						continue
					}
					for _, other := range of[named] {
						s.level = max(s.level, level(other)+1)
					}
				}
			}
		}
		return s.level
	}
	for _, s := range b.shapes {
		level(s)
	}
}

// hash spreads text over 64 bits: FNV-1a, then mixed.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return mix(h)
}

// mix is splitmix64's last step: each bit of h changes half of all.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// titleOf is the slot that others of its pod are explained by.
func (b *board) titleOf(u *unit) string {
	return stack.Slot{Service: b.services[u.title].name, Number: u.number}.String()
}

// volumesOf are those that hold a slot where it is, sorted.
func (b *board) volumesOf(service int) []string {
	return slices.Sorted(slices.Values(b.services[service].volumes))
}

// namesOf are volumes in a reason: volume shop_data; volumes shop_a and shop_b.
func namesOf(volumes []string) string {
	if len(volumes) == 1 {
		return "volume " + volumes[0]
	}
	return "volumes " + strings.Join(volumes, " and ")
}
