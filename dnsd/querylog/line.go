package querylog

import (
	"encoding/binary"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const headerLen = 12

// A Query is one that was answered.
type Query struct {
	Asked  []byte // the packet, which the log may keep
	Client netip.AddrPort
	TCP    bool
	Rcode  int
	Reply  [12]byte // its header
	Size   int      // bytes of the reply
	From   string
	Start  time.Time
	Took   time.Duration
}

// line is what is logged of a query. What cannot be read of one that is
// malformed is left empty.
func line(q Query) slog.Record {
	name, qtype, edns := asked(q.Asked)
	proto := "udp"
	if q.TCP {
		proto = "tcp"
	}
	size, do := uint16(0), false
	if edns != nil {
		size, do = edns.UDPSize(), edns.Do()
	}
	rcode, ok := dns.RcodeToString[q.Rcode]
	switch {
	case q.Rcode == dns.RcodeBadVers:
		rcode = "BADVERS" // not BADSIG, which has the same number
	case !ok:
		rcode = strconv.Itoa(q.Rcode)
	}
	r := slog.NewRecord(q.Start, slog.LevelInfo, "query", 0)
	r.AddAttrs(
		slog.String("client", q.Client.String()), slog.String("proto", proto),
		slog.String("name", name), slog.String("type", qtype), slog.Int("edns", int(size)), slog.Bool("do", do),
		slog.String("rcode", rcode), slog.Int("answers", int(binary.BigEndian.Uint16(q.Reply[6:]))), slog.String("flags", flags(q.Reply)),
		slog.Int("size", q.Size), slog.String("from", q.From), slog.Int64("took_us", q.Took.Microseconds()))
	return r
}

// asked is the question of a packet, and its OPT record if it has one.
func asked(packet []byte) (name, qtype string, opt *dns.OPT) {
	if len(packet) < headerLen {
		return "", "", nil
	}
	at, err := headerLen, error(nil)
	if binary.BigEndian.Uint16(packet[4:]) > 0 {
		name, at, err = dns.UnpackDomainName(packet, at)
		if err != nil || at+4 > len(packet) {
			return "", "", nil
		}
		qtype = dns.Type(binary.BigEndian.Uint16(packet[at:])).String()
		if class := binary.BigEndian.Uint16(packet[at+2:]); class != dns.ClassINET {
			qtype = dns.Class(class).String() + "/" + qtype
		}
		at += 4
	}
	for at < len(packet) {
		var rr dns.RR
		if rr, at, err = dns.UnpackRR(packet, at); err != nil {
			break
		}
		if o, ok := rr.(*dns.OPT); ok {
			return name, qtype, o
		}
	}
	return name, qtype, nil
}

// flags are the names of those set in a header, after QR.
func flags(header [headerLen]byte) string {
	var set []string
	bits := binary.BigEndian.Uint16(header[2:])
	for _, f := range []struct {
		name string
		bit  uint16
	}{{"aa", 1 << 10}, {"tc", 1 << 9}, {"rd", 1 << 8}, {"ra", 1 << 7}, {"ad", 1 << 5}, {"cd", 1 << 4}} {
		if bits&f.bit != 0 {
			set = append(set, f.name)
		}
	}
	return strings.Join(set, ",")
}
