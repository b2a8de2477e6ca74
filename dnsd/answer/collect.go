package answer

import (
	"slices"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"
)

// records collects at node (which may be nil) and below, and keeps one group.
// A name near the root may have more than can be looked at. Then some are
// collected, all of the type, others in each turn; none only where there are none. The
// group is then that of the first maxNear names.
func (a *answering) records(node *table.Node, w wanted) entrySet {
	if node == nil {
		return entrySet{}
	}
	if node.Names() <= maxLooked {
		if entries, whole := node.Records(maxLooked); whole {
			set := entrySet{entries: oneGroup(node, entries)}
			if w.port != 0 {
				set.entries = slices.DeleteFunc(set.entries, func(e table.Entry) bool { return e.Port != w.port })
			}
			return set
		}
	}
	a.partial = true
	if node.Kinds()&w.kind() == 0 {
		return entrySet{part: true}
	}
	near, _ := node.Records(maxNear)
	in := grouping(node, near)
	return entrySet{part: true, entries: a.Table.Sample(node, w.sought(in), a.turn, a.most)}
}

// some are at most limit of entries, which stand in the order of priority:
// the preferred ones, and of those that are equal others in each turn.
func (a *answering) some(entries []table.Entry, limit int) []table.Entry {
	if len(entries) <= limit {
		return entries
	}
	a.partial = true
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

// recordsIn is records of a node of a zone, which may be its apex.
func (a *answering) recordsIn(z *Zone, node *table.Node, w wanted) entrySet {
	if node.Name() != z.wire {
		return a.records(node, w)
	}
	apex := a.apexNode(z)
	if apex == nil {
		return a.records(node, w)
	}
	set := a.records(apex, w)
	if own := node.Own(); own != nil && (w.port == 0 || own.Port == w.port) {
		set.entries = append([]table.Entry{{Name: node.Name(), Record: own}}, set.entries...)
	}
	return set
}
