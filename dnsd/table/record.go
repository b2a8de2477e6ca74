package table

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

// A Record is what DNS needs of a skydns.Record.
type Record struct {
	Addr        netip.Addr // of a host that is an address
	Host        string     // of a host that is a name
	Text        string
	Group       string
	TTL         uint32 // seconds; 0 means the server's default
	Port        uint16
	Priority    uint16 // never 0: 10 when unset
	Weight      uint16 // never 0: 100 when unset
	Type        uint16 // of Data; 0: there is none
	TargetStrip uint8
	Mail        bool
	Data        string // of a record of another type, in zone-file syntax
}

func newRecord(r skydns.Record) (*Record, error) {
	rec := &Record{
		Text: r.Text, Group: r.Group, TTL: r.TTL, Mail: r.Mail,
		Port: uint16(r.Port), Priority: uint16(r.Priority), Weight: uint16(r.Weight), TargetStrip: uint8(r.TargetStrip),
	}
	if addr, ok := r.Addr(); ok {
		rec.Addr = addr
	} else {
		rec.Host = r.Host
	}
	if rec.Priority == 0 {
		rec.Priority = 10
	}
	if rec.Weight == 0 {
		rec.Weight = 100
	}
	if r.Type == "" {
		return rec, nil
	}
	var err error
	rec.Type, err = dataType(r.Type)
	if err == nil {
		rec.Data = r.RData
		_, err = ParseData(rec.Type, rec.Data)
	}
	return rec, err
}

// Value is the JSON that the record can be read from again.
func (r *Record) Value() []byte {
	v := skydns.Record{
		Host: r.Host, Port: int(r.Port), Priority: int(r.Priority), Weight: int(r.Weight), TTL: r.TTL,
		Text: r.Text, Mail: r.Mail, TargetStrip: int(r.TargetStrip), Group: r.Group, RData: r.Data,
	}
	if r.Addr.IsValid() {
		v.Host = r.Addr.String()
	}
	if r.Type != 0 {
		v.Type = typeName(r.Type)
	}
	value, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers can be written
	}
	return value
}

func typeName(t uint16) string {
	if name, ok := dns.TypeToString[t]; ok {
		return name
	}
	return fmt.Sprintf("TYPE%d", t)
}

// dataType is the number of a type that records may have data of: all that
// are data, but those that other fields and the server itself answer, and DNAME.
func dataType(name string) (uint16, error) {
	name = strings.ToUpper(name)
	t, ok := dns.StringToType[name]
	if n, err := strconv.ParseUint(strings.TrimPrefix(name, "TYPE"), 10, 16); err == nil && strings.HasPrefix(name, "TYPE") {
		t, ok = uint16(n), true
	}
	switch {
	case !ok || t == dns.TypeNone || t == dns.TypeOPT || t >= 128 && t <= 255:
		return 0, fmt.Errorf("record: type: %q is no type of data", name)
	case t == dns.TypeDNAME:
		return 0, errors.New("record: type: DNAME is not served: names below have records of their own")
	case slices.Contains([]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeSRV, dns.TypeTXT, dns.TypeMX, dns.TypePTR, dns.TypeNS, dns.TypeSOA}, t):
		return 0, fmt.Errorf("record: type: %s is answered from the other fields", name)
	}
	return t, nil
}

// ParseData reads the data of a record in zone-file syntax, or that of RFC
// 3597: \# 4 0a000001.
func ParseData(t uint16, data string) (dns.RR, error) {
	name := typeName(t)
	if strings.ContainsAny(data, "\n\r") {
		return nil, errors.New("record: rdata: more than one line")
	}
	rr, err := dns.NewRR(". 0 IN " + name + " " + data)
	if err == nil && (rr == nil || rr.Header().Rrtype != t) {
		err = errors.New("no data")
	}
	if err == nil {
		_, err = dns.PackRR(rr, make([]byte, dns.Len(rr)+1), 0, nil, false)
	}
	if err == nil {
		err = checkDigest(rr)
	}
	if err != nil {
		return nil, fmt.Errorf("record: rdata: %q is not %s data: %w", data, name, err)
	}
	return rr, nil
}

// An Entry is a record with the name it stands at.
type Entry struct {
	Name  string // wire format
	Depth int    // labels below the node it was collected from
	*Record
}

func sortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), strings.Compare(a.Name, b.Name))
	})
}

// reverseName is the wire name under in-addr.arpa or ip6.arpa.
func reverseName(a netip.Addr) string {
	var b []byte
	label := func(s string) { b = append(append(b, byte(len(s))), s...) }
	if a.Is4() {
		four := a.As4()
		for i := 3; i >= 0; i-- {
			label(strconv.Itoa(int(four[i])))
		}
		label("in-addr")
	} else {
		const hex = "0123456789abcdef"
		sixteen := a.As16()
		for i := 15; i >= 0; i-- {
			label(hex[sixteen[i]&15 : sixteen[i]&15+1])
			label(hex[sixteen[i]>>4 : sixteen[i]>>4+1])
		}
		label("ip6")
	}
	label("arpa")
	return string(append(b, 0))
}
