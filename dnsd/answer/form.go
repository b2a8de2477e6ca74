package answer

import (
	"slices"
	"strings"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"
)

// anyLabel reports whether a question's label stands for any.
func anyLabel(label []byte) bool {
	return string(label) == "*" || string(label) == "any"
}

// form returns which names a name of zone stands for that has * or any among its
// labels; without Top there are none. ok is false where it has no such label.
func (s *Server) form(zone *Zone, wire []byte) (f table.Form, ok bool) {
	for at := 0; len(wire)-at > len(zone.wire); at += 1 + int(wire[at]) {
		label := wire[at+1:][:wire[at]]
		if anyLabel(label) {
			label, ok = nil, true
		}
		f.Labels = append(f.Labels, label)
	}
	if !ok {
		return table.Form{}, false
	}
	slices.Reverse(f.Labels)
	top := []byte(zone.wire)
	for len(f.Labels[0]) > 0 {
		top, f.Labels = below(f.Labels[0], string(top)), f.Labels[1:]
	}
	f.Top = s.Table.Lookup(top)
	return f, true
}

// large reports whether there are more names below a form's top than can be looked at.
func large(f table.Form) bool { return f.Top != nil && f.Top.Names() > maxLooked }

// Laborious reports whether answering may take milliseconds: the question is for
// names of a form, among very many.
func (s *Server) Laborious(name string) bool {
	wire, ok := wireName(name)
	if !ok {
		return false
	}
	zone := s.zone(wire)
	if zone == nil {
		return false
	}
	f, ok := s.form(zone, wire)
	return ok && large(f) && s.Table.Lookup(wire) == nil
}

// namesOfForm collects the answers of all names that a name with * or any among its
// labels stands for.
func (a *answering) namesOfForm(zone *Zone, wire []byte, w wanted) (set entrySet, exists bool) {
	f, ok := a.form(zone, wire)
	switch {
	case !ok || f.Top == nil:
		return entrySet{}, false
	case large(f):
		return a.someNamesOfForm(f, w)
	}
	nodes := a.Table.Formed(f, maxLooked)
	return a.union(nodes, w), len(nodes) > 0
}

// someNamesOfForm is asked where there are more names than can be looked at: some of
// those that have records of the type, others in each turn.
func (a *answering) someNamesOfForm(f table.Form, w wanted) (set entrySet, exists bool) {
	nodes := a.Table.SampleFormed(f, w.sought(func(table.Entry) bool { return true }), a.turn, a.most)
	a.partial, set.part = true, true
	for _, n := range nodes {
		set.entries = append(set.entries, a.records(n, w).entries...)
	}
	return set, len(nodes) > 0 || len(a.Table.Formed(f, 1)) > 0
}

// union is the answers of several names, which may be more than an answer can have.
func (a *answering) union(nodes []*table.Node, w wanted) (set entrySet) {
	if set.part = len(nodes) > maxRecords; !set.part {
		slices.SortFunc(nodes, func(a, b *table.Node) int { return strings.Compare(a.Name(), b.Name()) })
	} else {
		a.partial = true
		nodes = slices.DeleteFunc(nodes, func(n *table.Node) bool { return n.Kinds()&w.kind() == 0 })
		nodes = packed.Turn(nodes, []packed.Group{{To: len(nodes)}}, a.turn)
	}
	for _, n := range nodes {
		if len(set.entries) >= maxLooked {
			set.part, a.partial = true, true
			break
		}
		set.entries = append(set.entries, a.records(n, w).entries...)
	}
	return set
}
