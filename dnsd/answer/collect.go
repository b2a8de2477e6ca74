package answer

import (
	"cmp"
	"slices"

	"rundock/dnsd/packed"
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

// kinds are those of records that answer it; there may be others among them.
func (w wanted) kinds() table.Kinds {
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

// needed are kinds without any of which a record does not answer it.
func (w wanted) needed() table.Kinds {
	if w.port != 0 {
		return table.HasPort(w.port)
	}
	return w.kinds()
}

// by says whether a record answers it.
func (w wanted) by(e table.Entry) bool {
	kinds := w.kinds()
	return e.Kinds()&kinds != 0 && (w.port == 0 || e.Port == w.port) && (kinds != table.HasData || e.Type == w.qtype)
}

// records collects at node (which may be nil) and below, and keeps one group.
// A name near the root may have more than can be looked at. Then some are
// collected, all of the type, others in each turn; none only where there are none.
func (a *answering) records(node *table.Node, w wanted) entrySet {
	if node == nil {
		return entrySet{}
	}
	entries, whole := node.Records(maxLooked)
	if whole {
		set := entrySet{entries: oneGroup(entries)}
		if w.port != 0 {
			set.entries = slices.DeleteFunc(set.entries, func(e table.Entry) bool { return e.Port != w.port })
		}
		return set
	}
	a.part = true
	if node.Kinds()&w.kinds() == 0 {
		return entrySet{part: true}
	}
	in := grouping(entries)
	return entrySet{part: true, entries: a.Table.Sample(node, w.needed(), a.turn, maxRecords, func(e table.Entry) bool { return w.by(e) && in(e) })}
}

// oneGroup keeps the records of one group, see grouping.
func oneGroup(entries []table.Entry) []table.Entry {
	in := grouping(entries)
	return slices.DeleteFunc(entries, func(e table.Entry) bool { return !in(e) })
}

// grouping says of a name's records which are answered: those of the group that
// the nearest records with a group name, and those without one. Where those
// nearest disagree there is nothing to tell them apart by, and all are answered.
func grouping(entries []table.Entry) (in func(table.Entry) bool) {
	all := func(table.Entry) bool { return true }
	first := slices.IndexFunc(entries, func(e table.Entry) bool { return e.Group != "" })
	if first < 0 {
		return all
	}
	group, depth := entries[first].Group, entries[first].Depth
	for _, e := range entries[first:] {
		if e.Depth == depth && e.Group != "" && e.Group != group {
			return all
		}
	}
	return func(e table.Entry) bool { return e.Group == "" || e.Group == group }
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
	return s.with(func(e table.Entry) bool { return e.Addr.IsValid() })
}

// with are the entries that qualify, the preferred ones first.
func (s entrySet) with(qualify func(table.Entry) bool) []table.Entry {
	var found []table.Entry
	for _, e := range s.entries {
		if qualify(e) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b table.Entry) int { return cmp.Compare(a.Priority, b.Priority) })
	return found
}

// some are at most limit of entries, which stand in the order of priority:
// the preferred ones, and of those that are equal others in each turn.
func (a *answering) some(entries []table.Entry, limit int) []table.Entry {
	if len(entries) <= limit {
		return entries
	}
	a.part = true
	from := limit
	for from > 0 && entries[from-1].Priority == entries[limit].Priority {
		from--
	}
	to := limit + 1
	for to < len(entries) && entries[to].Priority == entries[limit].Priority {
		to++
	}
	return packed.Turn(entries[:to], []packed.Group{{From: from, To: to}}, a.turn)[:limit]
}
