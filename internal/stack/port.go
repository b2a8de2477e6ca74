package stack

import (
	"net/netip"
	"strconv"
	"strings"
)

// String is p as in a compose file: 127.0.0.1:8080-8081:80/udp.
func (p Port) String() string {
	var b strings.Builder
	if p.IP != "" {
		if strings.Contains(p.IP, ":") {
			b.WriteString("[" + p.IP + "]:")
		} else {
			b.WriteString(p.IP + ":")
		}
	}
	b.WriteString(strconv.Itoa(p.First))
	if p.Last != 0 {
		b.WriteString("-" + strconv.Itoa(p.Last))
	}
	if p.Container != 0 {
		b.WriteString(":" + strconv.Itoa(p.Container))
	}
	if p.Protocol != "" {
		b.WriteString("/" + p.Protocol)
	}
	return b.String()
}

// Range are the ports of the host that p takes one of.
func (p Port) Range() (first, last int) { return p.First, max(p.First, p.Last) }

// Ranged reports whether p is a range, of which each instance takes one port.
func (p Port) Ranged() bool { return p.Last > p.First }

// SameAddress reports whether a port taken by p and one taken by q, of one
// number, exclude each other: they are of one protocol, and one address of the
// host or every one is meant. Two variables, or a variable and an address, are
// taken for different ones.
func (p Port) SameAddress(q Port) bool {
	if protocol(p) != protocol(q) {
		return false
	}
	return p.IP == q.IP || every(p.IP) || every(q.IP)
}

func protocol(p Port) string {
	if p.Protocol == "" {
		return "tcp"
	}
	return p.Protocol
}

func every(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return ip == "" || err == nil && a.IsUnspecified()
}

// Collides reports whether an instance with p and one with q cannot be on one
// host for sure: the one port that each takes is the same.
func (p Port) Collides(q Port) bool {
	first, last := p.Range()
	other, end := q.Range()
	return p.SameAddress(q) && first == last && other == end && first == other
}
