package packed

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// A Negative is the reply to questions for names of a zone that are not there
// (NXDOMAIN), or have nothing of the type (NODATA).
type Negative struct {
	Zone uint8 // for the metrics: the index of the zone

	zone   string // wire format
	record []byte // the SOA, with pointers to the zone's name still to be filled in
	points []int  // where
	serial int    // where the serial is
}

// NewNegative takes the SOA of the zone's negative answers. Its names must
// end in the zone's.
func NewNegative(zone string, soa *dns.SOA) (*Negative, error) {
	neg := &Negative{zone: zone}
	write := func(name string) error {
		full, err := wire(name)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(full, zone) {
			return fmt.Errorf("SOA of a zone names %s outside of it", name)
		}
		neg.record = append(neg.record, full[:len(full)-len(zone)]...)
		neg.points = append(neg.points, len(neg.record))
		neg.record = append(neg.record, 0, 0)
		return nil
	}
	if err := write(soa.Hdr.Name); err != nil {
		return nil, err
	}
	neg.record = binary.BigEndian.AppendUint16(neg.record, dns.TypeSOA)
	neg.record = binary.BigEndian.AppendUint16(neg.record, dns.ClassINET)
	neg.record = binary.BigEndian.AppendUint32(neg.record, soa.Hdr.Ttl)
	length := len(neg.record)
	neg.record = append(neg.record, 0, 0)
	for _, name := range []string{soa.Ns, soa.Mbox} {
		if err := write(name); err != nil {
			return nil, err
		}
	}
	neg.serial = len(neg.record)
	for _, n := range []uint32{soa.Serial, soa.Refresh, soa.Retry, soa.Expire, soa.Minttl} {
		neg.record = binary.BigEndian.AppendUint32(neg.record, n)
	}
	binary.BigEndian.PutUint16(neg.record[length:], uint16(len(neg.record)-length-2))
	return neg, nil
}

// Write makes the reply to q, whose name is in the zone, in out, and returns
// its length. It fits into 512 bytes, whatever the name.
func (neg *Negative) Write(out []byte, q *Question, p *Policy, rcode uint8, serial uint32) int {
	n := copy(out, q.packet[:q.end])
	record := out[n : n+copy(out[n:], neg.record)]
	zone := 0xc000 | uint16(headerLen+q.nameLen-len(neg.zone))
	for _, at := range neg.points {
		binary.BigEndian.PutUint16(record[at:], zone)
	}
	binary.BigEndian.PutUint32(record[neg.serial:], serial)
	return finish(out, n+len(record), q, p, flagAA|uint16(rcode), counts{authority: 1})
}
