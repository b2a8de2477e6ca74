package answer

import (
	"cmp"
	"slices"
	"strings"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// An entrySet is the records a name is answered with, nearest first.
type entrySet struct {
	entries []table.Entry
	part    bool // of more than can be looked at; all of them are of the type asked for
}

// A wanted is what a question wants of a name's records.
type wanted struct {
	qtype uint16
	port  uint16 // 0: any
}

// kind is the kind of records that answer w.
func (w wanted) kind() table.Kinds {
	switch w.qtype {
	case dns.TypeA:
		return table.HasA
	case dns.TypeAAAA:
		return table.HasAAAA
	case dns.TypeSRV:
		return table.HasHost
	case dns.TypeMX:
		return table.HasMail
	case dns.TypeTXT:
		return table.HasText
	}
	return table.HasData
}

// sought are the records that answer it, of those in a group.
func (w wanted) sought(in func(table.Entry) bool) table.Sought {
	kind := w.kind()
	return table.Sought{Kind: kind, Port: w.port, Qualifies: func(e table.Entry) bool {
		return (kind != table.HasData || e.Type == w.qtype) && (w.qtype != dns.TypeSRV || e.Port != 0) && in(e)
	}}
}

// oneGroup keeps the records of one group, see grouping.
func oneGroup(node *table.Node, entries []table.Entry) []table.Entry {
	in := grouping(node, entries)
	return slices.DeleteFunc(entries, func(e table.Entry) bool { return !in(e) })
}

// grouping returns which of the records at and below a name are answered. The
// nearest records that have a group name it, and the answer is the records of that
// group and those without one. Where the nearest disagree, all are answered.
// Records that are set aside are left out first.
func grouping(node *table.Node, entries []table.Entry) (in func(table.Entry) bool) {
	stays := func(e table.Entry) bool { return !setAside(node, e) }
	first := slices.IndexFunc(entries, func(e table.Entry) bool { return e.Group != "" && stays(e) })
	if first < 0 {
		return stays
	}
	group, depth := entries[first].Group, entries[first].Depth
	for _, e := range entries[first:] {
		if e.Depth == depth && e.Group != "" && e.Group != group && stays(e) {
			return stays
		}
	}
	return func(e table.Entry) bool { return stays(e) && (e.Group == "" || e.Group == group) }
}

// setAside reports whether a record at or below a node is none of the node's: its
// group begins with an underscore, and is not the node's first label. So the
// further port _admin answers _admin._tcp.web, and the instances of a service's idle
// colour, whose group is _blue or _green, answer their own names alone.
func setAside(node *table.Node, e table.Entry) bool {
	if e.Depth == 0 || !strings.HasPrefix(e.Group, "_") {
		return false
	}
	name := node.Name()
	return name[1:][:name[0]] != e.Group
}

// ttl is the smallest TTL of the set: the records of an RRset share one.
func (s entrySet) ttl(unset uint32) uint32 {
	var ttl uint32
	for i, e := range s.entries {
		own := cmp.Or(e.TTL, unset)
		if i == 0 || own < ttl {
			ttl = own
		}
	}
	return ttl
}

func hasHost(e table.Entry) bool { return e.Addr.IsValid() || e.Host != "" }

func (s entrySet) addressed() []table.Entry {
	return s.having(func(e table.Entry) bool { return e.Addr.IsValid() })
}

// having returns the entries that qualify, the preferred ones first.
func (s entrySet) having(qualify func(table.Entry) bool) []table.Entry {
	var found []table.Entry
	for _, e := range s.entries {
		if qualify(e) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b table.Entry) int { return cmp.Compare(a.Priority, b.Priority) })
	return found
}
