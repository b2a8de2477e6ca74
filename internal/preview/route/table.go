package route

import "rundock/internal/preview"

// Table says where requests go. It is not changed once it is made, so that it is
// read without locks; another one takes its place whole.
type Table struct {
	domain string // in lower case, without a dot at either end
	states map[string]*preview.State
}

// NewTable returns the table of previews, by name, below domain ("y.example.com").
// The caller does not change states afterwards.
func NewTable(domain string, states map[string]*preview.State) *Table {
	return &Table{plain(domain), states}
}

// Len is how many previews there are.
func (t *Table) Len() int { return len(t.states) }

// State is that of the preview name, nil where there is none.
func (t *Table) State(name string) *preview.State { return t.states[name] }

// All are all of them by name, for reading.
func (t *Table) All() map[string]*preview.State { return t.states }

// Target is what a Host header names.
type Target struct {
	Name      string         // of the preview, also where there is no such preview
	Own       string         // the name that a cookie of it may be for: NAME.DOMAIN
	State     *preview.State // nil: there is no such preview
	Addresses []string       // where to; none: see State
}

// Find returns what host names. ok: it is below the table's domain.
func (t *Table) Find(host string) (target Target, ok bool) {
	name, label, own, ok := split(host, t.domain)
	if !ok {
		return Target{}, false
	}
	target = Target{Name: name, Own: own, State: t.states[name]}
	if target.State == nil || !target.State.Serves() {
		return target, true
	}
	routes := target.State.Routes
	if target.Addresses, ok = routes[label]; !ok {
		target.Addresses = routes[""]
	}
	return target, true
}

// Has says whether requests for the preview name may go to address.
func (t *Table) Has(name, address string) bool {
	s := t.states[name]
	if s == nil || !s.Serves() {
		return false
	}
	for _, addresses := range s.Routes {
		for _, a := range addresses {
			if a == address {
				return true
			}
		}
	}
	return false
}
