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

func (r *reading) deprecatedParam(l level, p Param) {
	if p.RemovedIn == "" && p.RemovedAt == "" {
		return
	}
	d := Deprecation{Msg: "Param '" + l.pathOf(p) + "'" + seeDocs, Date: p.RemovedAt, Collection: l.collection}
	if p.RemovedAt == "" {
		d.Version = p.RemovedIn
	}
	r.deprecations = append(r.deprecations, d)
}

// deprecatedAlias notes that name was used for p.
func (r *reading) deprecatedAlias(l level, p Param, name string) {
	for _, a := range p.DeprecatedAliases {
		if a.Name != name {
			continue
		}
		d := Deprecation{Msg: "Alias '" + l.prefix + name + "'" + seeDocs, Date: a.At, Collection: l.collection}
		if a.At == "" {
			d.Version = a.In
		}
		r.deprecations = append(r.deprecations, d)
	}
}
