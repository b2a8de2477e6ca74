package ansible

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
		err = r.unsupported(s, module)
	}
	return values, err
}

// level is where parameters stand: in the call itself, or within another.
type level struct {
	params     []Param
	rules      Rules
	context    []string // names of the parameters around it
	prefix     string   // announces[0]. for warnings
	path       string   // announces["check"] for deprecations
	collection string
}

// within is the level of p's suboptions in element i of a list; i < 0 where
// there is none.
func (l level) within(p Param, i int) level {
	prefix := l.prefix + p.Name
	if i >= 0 {
		prefix += fmt.Sprintf("[%d]", i)
	}
	return level{params: p.Options, rules: p.Rules, collection: l.collection,
		context: append(slices.Clone(l.context), p.Name), prefix: prefix + ".", path: l.pathOf(p)}
}

func (l level) pathOf(p Param) string {
	if l.path == "" {
		return p.Name
	}
	return fmt.Sprintf("%s[%q]", l.path, p.Name)
}

// foundIn ends an error of an inner level.
func (l level) foundIn() string {
	if l.context == nil {
		return ""
	}
	return " found in " + strings.Join(l.context, " -> ")
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
			r.deprecatedAlias(l, p, name)
		}
		if _, ok := values[p.Name]; !ok {
			if v, ok := p.fallback(r.env); ok {
				values[p.Name] = v
			}
		}
		if _, ok := values[p.Name]; ok {
			r.deprecatedParam(l, p)
		}
	}
	for name := range rest {
		r.unknown = append(r.unknown, unknown{l.context, name, l.params})
	}
	return values
}

func (p Param) fallback(env func(string) (string, bool)) (string, bool) {
	for _, name := range p.Fallback {
		if v, ok := env(name); ok {
			return v, true
		}
	}
	return "", false
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

func (l level) required(values map[string]any) error {
	var missing []string
	for _, p := range l.params {
		if _, ok := values[p.Name]; !ok && p.Required {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return errors.New("missing required arguments: " + strings.Join(missing, ", ") + l.foundIn())
}

// types coerces every value in place.
func (l level) types(values map[string]any) error {
	for _, p := range l.params {
		v, ok := values[p.Name]
		if !ok {
			continue
		}
		converted, err := p.coerce(v)
		if err != nil {
			return l.notOfType(p.Name, v, p.kind(), err)
		}
		switch c := converted.(type) {
		case []any:
			converted, err = l.elements(p, c)
		case map[string]any:
			converted, err = l.within(p, -1).dictValues(p, c)
		}
		if err != nil {
			return err
		}
		values[p.Name] = converted
	}
	return nil
}

func (l level) notOfType(name string, v any, want Type, err error) error {
	in := ""
	if l.context != nil {
		in = " found in '" + strings.Join(l.context, " -> ") + "'."
	}
	return fmt.Errorf("argument '%s' is of type %s%s and we were unable to convert to %s: %w", name, pythonType(v), in, want, err)
}

func (l level) elements(p Param, list []any) (any, error) {
	if p.Elements == "" {
		return list, nil
	}
	in := ""
	if l.context != nil {
		in = " found in '" + strings.Join(l.context, " -> ") + "'"
	}
	elements := make([]any, len(list))
	for i, e := range list {
		if word, ok := e.(string); ok && p.Word != "" && word != "" && !strings.ContainsAny(word, "={") {
			elements[i] = map[string]any{p.Word: word}
			continue
		}
		var err error
		if elements[i], err = p.coerceAs(e, p.Elements); err != nil {
			return nil, fmt.Errorf("Elements value for option '%s'%s is of type %s and we were unable to convert to %s: %w", p.Name, in, pythonType(e), p.Elements, err)
		}
	}
	return elements, nil
}

// dictValues coerces the values of a Dict; l is the level within it.
func (l level) dictValues(p Param, dict map[string]any) (any, error) {
	if p.Values == "" {
		return dict, nil
	}
	values := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(dict)) {
		v, err := coerce(dict[name], p.Values)
		if err != nil {
			return nil, l.notOfType(name, dict[name], p.Values, err)
		}
		values[name] = v
	}
	return values, nil
}

func (l level) choices(values map[string]any) error {
	for _, p := range l.params {
		v, ok := values[p.Name]
		if !ok || p.Choices == nil {
			continue
		}
		allowed := strings.Join(p.Choices, ", ")
		if list, ok := v.([]any); ok {
			var bad []string
			for _, e := range list {
				if text := pythonText(e); !slices.Contains(p.Choices, text) {
					bad = append(bad, text)
				}
			}
			if bad != nil {
				return fmt.Errorf("value of %s must be one or more of: %s. Got no match for: %s%s", p.Name, allowed, strings.Join(bad, ", "), l.foundIn())
			}
		} else if text := pythonText(v); !slices.Contains(p.Choices, text) {
			choice, ok := p.yamlBool(text)
			if !ok {
				return fmt.Errorf("value of %s must be one of: %s, got: %s%s", p.Name, allowed, text, l.foundIn())
			}
			values[p.Name] = choice
		}
	}
	return nil
}

// yamlBool finds the choice that YAML made a boolean of, such as an unquoted
// no, if it can be one only.
func (p Param) yamlBool(text string) (string, bool) {
	var found []string
	for _, c := range p.Choices {
		if b, err := toBool(c); err == nil && c == strings.ToLower(c) && pythonText(b) == text {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// generic is a default of a specification as decoding JSON would give it.
func generic(v any) any {
	switch v.(type) {
	case string, bool, int:
		return v
	}
	var decoded any
	if data, err := json.Marshal(v); err != nil || decode(data, &decoded) != nil {
		panic(fmt.Sprintf("default %v of a parameter is no JSON value", v))
	}
	return decoded
}
