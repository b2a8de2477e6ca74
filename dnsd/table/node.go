package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

// A Node is a name that exists: it has a record, a descendant, or is the
// reverse name of some record's address.
type Node struct {
	name     string
	version  atomic.Uint64        // grows with each change at the node or below it
	kept     atomic.Pointer[kept] // answers, a list
	parent   *Node
	record   atomic.Pointer[Record]
	children list // through self
	pointers list // the nodes whose record has this reverse name's address
	self     link // in parent.children

	pointer *link  // in the pointers of this record's reverse name; the writer's
	epoch   uint32 // of the last Replace or later that set the record; the writer's
	kinds   kinds  // of what Records gives
}

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
// are data, but those that other fields and the server itself answer.
func dataType(name string) (uint16, error) {
	name = strings.ToUpper(name)
	t, ok := dns.StringToType[name]
	if n, err := strconv.ParseUint(strings.TrimPrefix(name, "TYPE"), 10, 16); err == nil && strings.HasPrefix(name, "TYPE") {
		t, ok = uint16(n), true
	}
	switch {
	case !ok || t == dns.TypeNone || t == dns.TypeOPT || t >= 128 && t <= 255:
		return 0, fmt.Errorf("record: type: %q is no type of data", name)
	case slices.Contains([]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeSRV, dns.TypeTXT, dns.TypeMX, dns.TypePTR, dns.TypeNS, dns.TypeSOA, dns.TypeDNAME}, t):
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

// Name is in wire format.
func (n *Node) Name() string { return n.name }

// Own returns the record of exactly this name, or nil.
func (n *Node) Own() *Record { return n.record.Load() }

// Pointers returns the records whose address this reverse name stands for and
// that qualify, by name; where there are more than limit, some of them.
func (n *Node) Pointers(limit int, qualifies func(Entry) bool) []Entry {
	var found []Entry
	for l := n.pointers.first.Load(); l != nil && len(found) < limit; l = l.next.Load() {
		if r := l.node.record.Load(); r != nil && qualifies(Entry{Name: l.node.name, Record: r}) {
			found = append(found, Entry{Name: l.node.name, Record: r})
		}
	}
	sortEntries(found)
	return found
}

// A list is a doubly linked list with one writer and any number of readers
// beside it. Readers go forward only; a link that was removed still leads on
// into the list, so a reader standing on it finishes its walk.
type list struct{ first atomic.Pointer[link] }

type link struct {
	node  *Node
	owner *Node // of the list of pointers it is in; the writer's
	next  atomic.Pointer[link]
	prev  *link // the writer's
}

func (l *list) empty() bool { return l.first.Load() == nil }

func (l *list) push(k *link) {
	first := l.first.Load()
	k.next.Store(first)
	if first != nil {
		first.prev = k
	}
	l.first.Store(k)
}

func (l *list) remove(k *link) {
	next := k.next.Load()
	if next != nil {
		next.prev = k.prev
	}
	if k.prev != nil {
		k.prev.next.Store(next)
	} else {
		l.first.Store(next)
	}
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
