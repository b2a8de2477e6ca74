package answer

import (
	"fmt"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// A Told is a record at or below the name of a question, and what the answer
// made of it.
type Told struct {
	Name     string // of the record, in presentation format
	Withheld string // why it is not answered; empty: it is
}

// Explain says which records a question of class IN reaches, nearest first,
// and why some are withheld. It is for people: nothing of it is kept.
func (s *Server) Explain(q dns.Question) (told []Told) {
	wire, ok := wireName(q.Name)
	if !ok || s.Table.State() == nil {
		return nil
	}
	zone := s.zone(wire)
	if zone == nil {
		return nil
	}
	a := answering{Server: s}
	set, node, _ := a.find(zone, wire)
	entries := set.entries
	if node != nil {
		entries = node.Records(maxRecords)
	}
	kept := map[string]bool{}
	for _, e := range set.entries {
		kept[e.Name] = true
	}
	addressed := len(set.addressed()) > 0
	for _, e := range entries {
		t := Told{Name: presentation(e.Name)}
		switch {
		case kept[e.Name]:
			t.Withheld = unfit(e, q.Qtype, addressed)
		case furtherPort(e):
			t.Withheld = "it is a further port of the service, asked for as _port._tcp"
		default:
			t.Withheld = fmt.Sprintf("its group is %q, the nearest records are of another", e.Group)
		}
		told = append(told, t)
	}
	return told
}

// unfit says why a record gives no answer of a type; addressed: others at the
// name have an address.
func unfit(e table.Entry, qtype uint16, addressed bool) string {
	switch qtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeCNAME:
		switch {
		case e.Addr.IsValid() && qtype == dns.TypeCNAME:
			return "its host is an address"
		case e.Addr.IsValid() && e.Addr.Is4() != (qtype == dns.TypeA):
			return "its address is of the other family"
		case e.Addr.IsValid():
			return ""
		case e.Host == "":
			return "it has no host"
		case addressed:
			return "its host is a name, and others have addresses"
		}
	case dns.TypeSRV:
		if !hasHost(e) {
			return "it has no host"
		}
	case dns.TypeMX:
		if !e.Mail || !hasHost(e) {
			return "it is not marked as mail, or has no host"
		}
	case dns.TypeTXT:
		if e.Text == "" {
			return "it has no text"
		}
		if len(e.Text) > maxText {
			return "its text is too long"
		}
	case dns.TypeANY:
	default:
		if e.Type != qtype {
			return "it has no data of the type"
		}
	}
	return ""
}
