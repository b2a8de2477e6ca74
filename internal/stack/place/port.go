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

// freePort is the first port of p that is free on h; 0 if there is none.
func (h *hostState) freePort(p stack.Port) int {
	first, last := p.Range()
	for number := first; number <= last; number++ {
		if !slices.ContainsFunc(h.ports[number], func(t taker) bool { return t.SameAddress(p) }) {
			return number
		}
	}
	return 0
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
