package packed

import "encoding/binary"

// Policy is what replies have in common: what the server is and allows.
type Policy struct {
	MaxUDP    int  // bytes of a reply at most
	Recursive bool // RA: names of others can be asked for
}

const (
	flagQR = 1 << 15
	flagAA = 1 << 10
	flagTC = 1 << 9
	flagRD = 1 << 8
	flagRA = 1 << 7
)

// Write makes the reply to q in out, which must have room for MaxUDP bytes,
// and returns its length. What does not fit goes in this order: additional
// records from the end, without notice, for they are a courtesy; then, with
// TC, authority and whole answers: those that come last in this turn.
func (a *Answer) Write(out []byte, q *Question, p *Policy, turn, serial uint32) int {
	size := min(q.Size, p.MaxUDP)
	if q.EDNS {
		size -= optLen
	}
	n := copy(out, q.packet[:q.end])
	if n+a.size() > size || a.cut {
		return a.writePart(out[:size], n, q, p, turn, serial)
	}
	n = a.turned(out, n, 0, turn)
	n = a.writeAuthority(out, n, serial)
	if a.additional == a.answers {
		n = a.turned(out, n, int(a.answers+a.authority), turn)
	} else {
		n += copy(out[n:], a.block[a.at(int(a.answers+a.authority)):])
	}
	return finish(out, n, q, p, flagAA|uint16(a.Rcode), counts{a.answers, a.authority, a.additional})
}

// turned copies as many records as there are answers, from record first on,
// in the order of the turn.
func (a *Answer) turned(out []byte, n, first int, turn uint32) int {
	end := a.at(first + int(a.answers))
	if len(a.turns) == 0 {
		return n + copy(out[n:], a.block[a.at(first):end])
	}
	n += copy(out[n:], a.block[a.at(first):a.at(first+a.turns[0].From)])
	for i := range a.turns {
		g := &a.turns[i]
		start := a.at(first + g.Start(turn))
		n += copy(out[n:], a.block[start:a.at(first+g.To)])
		n += copy(out[n:], a.block[a.at(first+g.From):start])
	}
	return n
}

func (a *Answer) writeAuthority(out []byte, n int, serial uint32) int {
	from := a.at(int(a.answers))
	end := n + copy(out[n:], a.block[from:a.at(int(a.answers+a.authority))])
	if a.serial != 0 {
		binary.BigEndian.PutUint32(out[n+int(a.serial)-from:], serial)
	}
	return end
}

// writePart is Write into less room than the whole answer needs.
func (a *Answer) writePart(out []byte, n int, q *Question, p *Policy, turn, serial uint32) int {
	flags := flagAA | uint16(a.Rcode)
	if needed := a.at(int(a.answers+a.authority)) - a.at(0); n+needed > len(out) || a.cut {
		n, answers := a.fill(out, n, 0, a.answers, true, turn)
		return finish(out[:cap(out)], n, q, p, flags|flagTC, counts{answer: answers})
	}
	n = a.turned(out, n, 0, turn)
	n = a.writeAuthority(out, n, serial)
	n, additional := a.fill(out, n, int(a.answers+a.authority), a.additional, a.additional == a.answers, turn)
	return finish(out[:cap(out)], n, q, p, flags, counts{a.answers, a.authority, additional})
}

// fill copies records from first on until the next one does not fit.
func (a *Answer) fill(out []byte, n, first int, count uint16, turning bool, turn uint32) (int, uint16) {
	done := uint16(0)
	copyRun := func(from, to int) bool {
		for i := from; i < to; i++ {
			record := a.block[a.at(first+i):a.at(first+i+1)]
			if n+len(record) > len(out) {
				return false
			}
			n += copy(out[n:], record)
			done++
		}
		return true
	}
	if !turning || len(a.turns) == 0 {
		copyRun(0, int(count))
		return n, done
	}
	whole := copyRun(0, a.turns[0].From)
	for i := range a.turns {
		g := &a.turns[i]
		start := g.Start(turn)
		whole = whole && copyRun(start, g.To) && copyRun(g.From, start)
	}
	return n, done
}

// counts are the numbers of records of a reply.
type counts struct{ answer, authority, additional uint16 }

// finish adds the OPT record if the client sent one, and fills in the header
// over the client's, which has id and RD.
func finish(out []byte, n int, q *Question, p *Policy, flags uint16, c counts) int {
	if q.EDNS {
		n += copy(out[n:], "\x00\x00\x29\x00\x00\x00\x00\x00\x00\x00\x00")
		binary.BigEndian.PutUint16(out[n-8:], uint16(p.MaxUDP))
		if q.DO {
			out[n-4] = 0x80
		}
		c.additional++
	}
	flags |= flagQR | binary.BigEndian.Uint16(q.packet[2:])&flagRD
	if p.Recursive {
		flags |= flagRA
	}
	binary.BigEndian.PutUint16(out[2:], flags)
	binary.BigEndian.PutUint16(out[6:], c.answer)
	binary.BigEndian.PutUint16(out[8:], c.authority)
	binary.BigEndian.PutUint16(out[10:], c.additional)
	return n
}
