package table

import "math"

// A Form stands for the names below Top that have these labels, the topmost first. An empty
// label is any that shows in the name above it.
type Form struct {
	Top    *Node
	Labels [][]byte
}

// Formed returns the names of a form, at most limit of them.
func (t *Table) Formed(f Form, limit int) (nodes []*Node) {
	t.formed(f.Top, f.Labels, func(n *Node) bool {
		nodes = append(nodes, n)
		return len(nodes) < limit
	})
	return nodes
}

// formed visits the names below n that have these labels until visit says no.
func (t *Table) formed(n *Node, labels [][]byte, visit func(*Node) bool) bool {
	if len(labels) == 0 {
		return visit(n)
	}
	if label := labels[0]; len(label) > 0 {
		child := t.index.get(append(append([]byte{byte(len(label))}, label...), n.name...))
		return child == nil || t.formed(child, labels[1:], visit)
	}
	for child := n.children.first.Load(); child != nil; child = child.next.Load() {
		if shows(n, child) && !t.formed(child, labels[1:], visit) {
			return false
		}
	}
	return true
}

// SampleFormed returns names of a form that are answered with the records sought, at most limit, others
// in each turn; fewer only where there are no more. It is for a Top with more below it than
// Formed is to look at, and takes as long as a look at all records of the kind where few are of the form.
func (t *Table) SampleFormed(f Form, s Sought, turn uint32, limit int) (nodes []*Node) {
	known := map[*Node]bool{}
	t.sample(s, turn, math.MaxInt, func(n *Node, r *Record) (wanted, last bool) {
		formed := f.above(n)
		if formed == nil || !s.Qualifies(Entry{n.name, 0, r}) {
			return false, false
		}
		if !known[formed] {
			known[formed] = true
			nodes = append(nodes, formed)
		}
		return true, len(nodes) == limit
	})
	return nodes
}

// above is the name of the form that is answered with n's record; nil: none is.
func (f Form) above(n *Node) *Node {
	depth := 0
	for at := n; at != f.Top; at = at.parent {
		if at.parent == nil {
			return nil
		}
		depth++
	}
	if depth < len(f.Labels) {
		return nil
	}
	var formed *Node
	for at := n; at != f.Top; at, depth = at.parent, depth-1 {
		if depth == len(f.Labels) {
			formed = at
		}
		if depth > len(f.Labels) || len(f.Labels[depth-1]) == 0 {
			if !shows(at.parent, at) {
				return nil
			}
		} else if at.name[1:1+at.name[0]] != string(f.Labels[depth-1]) {
			return nil
		}
	}
	return formed
}
