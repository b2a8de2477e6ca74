package place

import (
	"cmp"
	"slices"

	"rundock/internal/stack"
)

// taker is who has a port of a host.
type taker struct {
	stack.Port       // its IP is an address, or "" for every one
	unit       *unit // nil: not the stack's
}

// resolved is p with an address of a host for a variable.
func (h *Host) resolved(p stack.Port) stack.Port {
	switch p.IP {
	case "$PRIVATE_IP":
		p.IP = cmp.Or(h.Address, p.IP)
	case "$PUBLIC_IP":
		p.IP = cmp.Or(h.Public, h.Address, p.IP)
	}
	return p
}

// portsFor are the numbers that the ports of u get on a host: of a range the one that u
// had there, or else that of u's number, counted anew where the range ends, or the next
// one that is free. What another slot had there, or a service has no choice of, comes
// last. missing is the first port that none is free for, -1 if each has one; it gets
// what it had, or its first.
func (b *board) portsFor(u *unit, at int) (numbers []int, missing int) {
	if len(u.ports) == 0 {
		return nil, -1
	}
	h, had := b.hosts[at], u.had[at]
	numbers = make([]int, len(u.ports))
	free := func(i, number int) bool {
		p := u.ports[i].on[at]
		for other, taken := range numbers {
			if taken == number && p.SameAddress(u.ports[other].on[at]) {
				return false
			}
		}
		return !slices.ContainsFunc(h.ports[number], func(t taker) bool { return t.SameAddress(p) })
	}
	for i := range u.ports {
		if p := &u.ports[i]; !p.Ranged() && free(i, p.First) {
			numbers[i] = p.First
		}
	}
	for i, number := range had {
		if number != 0 && free(i, number) {
			numbers[i] = number
		}
	}
	for _, last := range []bool{false, true} {
		for i := range u.ports {
			if p := &u.ports[i]; p.Ranged() && numbers[i] == 0 {
				numbers[i] = p.nth(u.number, func(number int) bool { return b.comesLast(u, h, number) == last && free(i, number) })
			}
		}
	}
	missing = slices.Index(numbers, 0)
	for i, number := range numbers {
		if number == 0 && had != nil {
			numbers[i] = had[i]
		}
		if numbers[i] == 0 {
			numbers[i] = u.ports[i].First
		}
	}
	return numbers, missing
}

// nth is the port of a range for an instance's number, or the next one that will do; 0 if
// none does.
func (p *port) nth(number int, does func(number int) bool) int {
	first, last := p.Range()
	size := last - first + 1
	for i := range size {
		if n := first + (number-1+i)%size; does(n) {
			return n
		}
	}
	return 0
}

// comesLast reports whether u takes a port of a range only where no other one is free: an
// instance that stays has it, or a service has no choice of it.
func (b *board) comesLast(u *unit, h *hostState, number int) bool {
	return b.singles[number] || slices.ContainsFunc(h.had[number], func(of stack.Slot) bool {
		return !slices.ContainsFunc(u.slots, func(s slot) bool { return s.Slot == of })
	})
}

// rememberPorts notes which ports of ranges slots had.
func (b *board) rememberPorts(previous map[stack.Slot]stack.Place) {
	for of, place := range previous {
		for _, there := range []struct {
			host  string
			ports []int
		}{{place.Host, place.Ports}, {place.Standby, place.StandbyPorts}} {
			at, known := b.byName[there.host]
			for _, number := range there.ports {
				if h := b.hosts[at]; known {
					h.had[number] = append(h.had[number], of)
				}
			}
		}
	}
}

// setHad finds which of u's ports are those that it had: of a range the first that is
// within it and no range before has.
func (b *board) setHad(u *unit) {
	i := 0
	for n, m := range u.services {
		before := u.slots[n].before
		own, standby := slices.Clone(before.Ports), slices.Clone(before.StandbyPorts)
		for range b.services[m].ports {
			if u.ports[i].Ranged() {
				b.setHadOn(u, i, before.Host, own)
				b.setHadOn(u, i, before.Standby, standby)
			}
			i++
		}
	}
}

// setHadOn is setHad for one port on one host, of the numbers that are not 0.
func (b *board) setHadOn(u *unit, i int, host string, numbers []int) {
	first, last := u.ports[i].Range()
	found := slices.IndexFunc(numbers, func(n int) bool { return n >= first && n <= last })
	at, known := b.byName[host]
	if found < 0 || !known {
		return
	}
	if u.had[at] == nil {
		if u.had == nil {
			u.had = map[int][]int{}
		}
		u.had[at] = make([]int, len(u.ports))
	}
	u.had[at][i], numbers[found] = numbers[found], 0
}

// rangesOf are those of u's ports that the ranges of its i-th service take; nil: it has none.
func (b *board) rangesOf(u *unit, i int, numbers []int) (all []int) {
	at := 0
	for n, m := range u.services {
		for range b.services[m].ports {
			if n == i && at < len(numbers) && u.ports[at].Ranged() {
				all = append(all, numbers[at])
			}
			at++
		}
	}
	return all
}

// port is a port that a slot takes.
type port struct {
	stack.Port
	what string       // for reasons: port 80 taken
	on   []stack.Port // resolved for each host
}

func (b *board) newPort(p stack.Port) port {
	made := port{Port: p, what: "port " + hostPort(p) + " taken"}
	for _, h := range b.hosts {
		made.on = append(made.on, h.resolved(p))
	}
	return made
}

// hostPort is a port of a host for people: 80, 53/udp, 10.0.0.5:80, 8000-8010.
func hostPort(p stack.Port) string {
	p.Container = 0
	return p.String()
}

// clash is a port that two of one pod want; "" if there is none.
func clash(ports []port) string {
	for i, a := range ports {
		for _, b := range ports[i+1:] {
			if a.Collides(b.Port) {
				return "port " + hostPort(a.Port) + " twice in its pod"
			}
		}
	}
	return ""
}
