package answer

import (
	"cmp"
	"fmt"
	"strings"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// An Explained is a record at or below the name of a question, or of the * that answers
// it, and what the answer made of it.
type Explained struct {
	Name     string // of the record, in presentation format
	Withheld string // why it is not answered; empty: it is
}

// Explain says which records a question of class IN reaches, nearest first,
// and why some are withheld. It is for people: nothing of it is kept.
func (s *Server) Explain(q dns.Question) (told []Explained) {
	wire, ok := wireName(q.Name)
	if !ok || s.Table.State() == nil {
		return nil
	}
	zone := s.zone(wire)
	if zone == nil {
		return nil
	}
	a := answering{Server: s, most: maxRecords}
	set, node, _ := a.find(zone, wire, wanted{qtype: q.Qtype})
	entries := set.entries
	if node != nil {
		entries, _ = node.Stored(maxLooked)
	}
	shown, kept := map[string]bool{}, map[string]bool{}
	for _, e := range a.allRecords(node) {
		shown[e.Name] = true
	}
	for _, e := range set.entries {
		kept[e.Name] = true
	}
	unaliased := ""
	if len(set.aliases(zone, wire, q.Qtype)) == 0 {
		unaliased = cmp.Or(set.notAlias(zone, wire), "it is what SRV is answered with")
	}
	star := a.wildcardAbove(zone, wire)
	for _, e := range entries {
		t := Explained{Name: presentation(e.Name)}
		if node == nil && star != nil && s.Table.Lookup([]byte(e.Name)) == nil {
			t.Name = presentation(strings.TrimSuffix(e.Name, string(wire)) + string(star)) // where it is stored
		}
		switch {
		case kept[e.Name]:
			t.Withheld = whyUnusable(e, q.Qtype, unaliased)
		case !shown[e.Name]:
			t.Withheld = whyLeftOut(e)
		case string(wire) == zone.wire && s.apexNode(zone) != nil:
			t.Withheld = "the apex is answered with the records under dns/apex"
		case node != nil && setAside(node, e):
			t.Withheld = fmt.Sprintf("its group is %q: it is asked for by its own name", e.Group)
		case set.part:
			t.Withheld = "there are so many that each answer has others"
		default:
			t.Withheld = fmt.Sprintf("its group is %q, the nearest records are of another", e.Group)
		}
		told = append(told, t)
	}
	return told
}

// allRecords are the records at a node, which may be nil, of all groups.
func (a *answering) allRecords(node *table.Node) []table.Entry {
	if node == nil {
		return nil
	}
	entries, _ := node.Records(maxLooked)
	return entries
}

// whyLeftOut says why a record below a name is not one of the name's.
func whyLeftOut(e table.Entry) string {
	switch {
	case strings.HasPrefix(e.Group, "_"):
		return "it is a further port of the service, asked for as _port._tcp"
	case strings.Contains(e.Name, "\x01*"):
		return "it is for names that do not exist (*)"
	}
	return "it stands below a label with an underscore, and is asked for by its own name"
}

// whyUnusable says why a record gives no answer of a type. unaliased says why the
// name is no alias; empty: it is one.
func whyUnusable(e table.Entry, qtype uint16, unaliased string) string {
	if unaliased == "" {
		if e.Host == "" {
			return "the name is an alias of another record's host"
		}
		return ""
	}
	switch qtype {
	case dns.TypeA, dns.TypeAAAA:
		switch {
		case e.Addr.IsValid() && e.Addr.Is4() != (qtype == dns.TypeA):
			return "its address is of the other family"
		case e.Addr.IsValid():
			return ""
		case e.Host == "":
			return "it has no host"
		}
		return "its host is a name, and " + unaliased
	case dns.TypeCNAME:
		switch {
		case e.Addr.IsValid():
			return "its host is an address"
		case e.Host == "":
			return "it has no host"
		}
		return "its host is a name, and " + unaliased
	case dns.TypeSRV:
		switch {
		case !hasHost(e):
			return "it has no host"
		case e.Port == 0:
			return "it has no port"
		}
	case dns.TypeMX:
		if !e.Mail || !hasHost(e) {
			return "it is not marked as mail, or has no host"
		}
	case dns.TypeTXT:
		if e.Text == "" {
			return "it has no text"
		}
		if len(e.Text) > MaxText {
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
