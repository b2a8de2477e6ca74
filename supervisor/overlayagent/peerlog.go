package overlayagent

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"rundock/internal/overlay"
)

// peerLines is how many hosts that came and went at about the same time have a
// line each in the agent's log.
const peerLines = 5

// peerLog collects which other hosts came and went since it was last read, so
// that many of them at once take one line of the agent's log. The zero one is
// ready.
type peerLog struct {
	complete bool                           // all are known: how many there are tells enough
	before   map[netip.Prefix]*overlay.Peer // who had a subnet that was changed since; nil: nobody
}

// peerLine is a line of the log.
type peerLine struct {
	text string
	args []any
}

// who returns the host that has a subnet.
type who func(netip.Prefix) (overlay.Peer, bool)

// replace notes that all hosts are known anew.
func (l *peerLog) replace() { *l = peerLog{complete: true} }

// note remembers who has a subnet that is about to change.
func (l *peerLog) note(subnet netip.Prefix, has who) {
	if _, noted := l.before[subnet]; noted || l.complete {
		return
	}
	if l.before == nil {
		l.before = map[netip.Prefix]*overlay.Peer{}
	}
	l.before[subnet] = nil
	if p, ok := has(subnet); ok {
		l.before[subnet] = &p
	}
}

// take returns the lines, by subnet, given who has which now and how many hosts
// there are, and forgets what they tell of. A host that went and came back
// meanwhile is in none.
func (l *peerLog) take(has who, count int) []peerLine {
	was := *l
	*l = peerLog{}
	if was.complete {
		return []peerLine{{"the other hosts of the network are known", []any{"peers", count}}}
	}
	var lines []peerLine
	came, gone, first := 0, 0, ""
	for _, subnet := range slices.SortedFunc(maps.Keys(was.before), netip.Prefix.Compare) {
		had, now := was.before[subnet], (*overlay.Peer)(nil)
		if p, ok := has(subnet); ok {
			now = &p
		}
		line, told := peerChange(had, now)
		if !told {
			continue
		}
		lines = append(lines, line)
		switch {
		case had == nil:
			came++
		case now == nil:
			gone++
		}
		first = cmp.Or(first, peerName(cmp.Or(now, had)))
	}
	if n := len(lines); n > peerLines {
		return []peerLine{{"many other hosts came or went", []any{"came", came, "gone", gone, "changed", n - came - gone, "first", first, "peers", count}}}
	}
	return lines
}

// peerChange tells what became of a subnet's host; told is false if that is
// nothing that concerns people.
func peerChange(had, now *overlay.Peer) (line peerLine, told bool) {
	switch {
	case had == nil && now == nil:
		return peerLine{}, false
	case had == nil:
		return peerLine{"another host is in the network now", []any{"host", peerName(now), "subnet", now.Subnet, "underlay", now.Underlay}}, true
	case now == nil:
		return peerLine{"another host is not in the network any more", []any{"host", peerName(had), "subnet", had.Subnet, "underlay", had.Underlay}}, true
	case had.MAC != now.MAC:
		return peerLine{"a subnet is another host's now", []any{"host", peerName(now), "subnet", now.Subnet, "underlay", now.Underlay, "was", peerName(had)}}, true
	case had.Underlay != now.Underlay:
		return peerLine{"another host is reached elsewhere", []any{"host", peerName(now), "subnet", now.Subnet, "underlay", now.Underlay, "was", had.Underlay}}, true
	}
	return peerLine{}, false
}

func peerName(p *overlay.Peer) string { return cmp.Or(p.Host, p.Underlay.String()) }
