package ansible

// Deprecation is a line of `deprecations` in a result, which Ansible shows as
// a deprecation warning.
type Deprecation struct {
	Msg        string `json:"msg"`
	Version    string `json:"version,omitempty"` // that removes it
	Date       string `json:"date,omitempty"`    // or when
	Collection string `json:"collection_name,omitempty"`
}

const seeDocs = " is deprecated. See the module docs for more information"

// deprecated is the line about p, which is given and on its way out; none where
// it stays.
func (l level) deprecated(p Param) []Deprecation {
	if p.RemovedIn == "" && p.RemovedAt == "" {
		return nil
	}
	d := Deprecation{Msg: "Param '" + l.pathOf(p) + "'" + seeDocs, Date: p.RemovedAt, Collection: l.collection}
	if p.RemovedAt == "" {
		d.Version = p.RemovedIn
	}
	return []Deprecation{d}
}

// deprecatedAlias is the line about name, by which p is given.
func (l level) deprecatedAlias(p Param, name string) []Deprecation {
	var list []Deprecation
	for _, a := range p.DeprecatedAliases {
		if a.Name != name {
			continue
		}
		d := Deprecation{Msg: "Alias '" + l.prefix + name + "'" + seeDocs, Date: a.At, Collection: l.collection}
		if a.At == "" {
			d.Version = a.In
		}
		list = append(list, d)
	}
	return list
}
