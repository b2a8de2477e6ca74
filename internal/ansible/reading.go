package ansible

import (
	"fmt"
	"maps"
)

// reading is one reading of a call's arguments: the values, or the first
// error that Ansible would report, and what is said besides.
type reading struct {
	env          func(name string) (value string, ok bool)
	warnings     []string
	deprecations []Deprecation
	unknown      []unknown
}

// read returns the values of the parameters given, coerced, with defaults
// filled in. A parameter given as null counts as not given. The error is of
// unknown names, since what is missing may be one of them; else the first that
// Ansible would report: at each level exclusive, missing, types, choices,
// together, one of, if and by; the outer level before the inner ones. Unknown
// names are dropped when ignoreUnknown is set. given is not modified.
func (r *reading) read(s Spec, module string, given map[string]any, ignoreUnknown bool) (map[string]any, error) {
	values, err := r.level(level{params: s.Params, rules: s.Rules, collection: s.Collection}, given)
	if len(r.unknown) > 0 && !ignoreUnknown {
		err = s.unsupported(module, r.unknown)
	}
	return values, err
}

func (r *reading) level(l level, given map[string]any) (map[string]any, error) {
	values := r.named(l, given)
	if err := l.exclusive(values); err != nil {
		return values, err
	}
	for _, p := range l.params {
		if _, ok := values[p.Name]; !ok && p.Default != nil {
			values[p.Name] = generic(p.Default)
		}
	}
	for _, check := range []func(map[string]any) error{l.required, l.types, l.choices, l.together, l.oneOf, l.requiredIf, l.requiredBy} {
		if err := check(values); err != nil {
			return values, err
		}
	}
	for _, p := range l.params {
		if err := r.options(l, p, values); err != nil {
			return values, err
		}
	}
	return values, nil
}

// named returns what is given under the parameters' own names: aliases
// resolved, nulls dropped, environment fallbacks filled in.
func (r *reading) named(l level, given map[string]any) map[string]any {
	values := map[string]any{}
	rest := maps.Clone(given)
	for _, p := range l.params {
		for _, name := range p.names() {
			v := rest[name]
			delete(rest, name)
			if v == nil {
				continue
			}
			if _, both := values[p.Name]; both {
				r.warnings = append(r.warnings, fmt.Sprintf("Both option %s%s and its alias %s%s are set.", l.prefix, p.Name, l.prefix, name))
			}
			values[p.Name] = v
			r.deprecations = append(r.deprecations, l.deprecatedAlias(p, name)...)
		}
		if _, ok := values[p.Name]; !ok {
			if v, ok := p.fallback(r.env); ok {
				values[p.Name] = v
			}
		}
		if _, ok := values[p.Name]; ok {
			r.deprecations = append(r.deprecations, l.deprecated(p)...)
		}
	}
	for name := range rest {
		r.unknown = append(r.unknown, unknown{l.context, name, l.params})
	}
	return values
}

// options reads what is within p, in place.
func (r *reading) options(l level, p Param, values map[string]any) error {
	if p.Options == nil {
		return nil
	}
	v, ok := values[p.Name]
	if !ok && p.ApplyDefaults {
		v = map[string]any{}
	}
	var err error
	switch v := v.(type) {
	case map[string]any:
		values[p.Name], err = r.level(l.within(p, -1), v)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			dict, _ := e.(map[string]any)
			if list[i], err = r.level(l.within(p, i), dict); err != nil {
				return err
			}
		}
		values[p.Name] = list
	}
	return err
}
