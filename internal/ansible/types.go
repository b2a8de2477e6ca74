package ansible

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// coerce turns v into p's type, as the function coerce does; the elements of
// a List and the values of a Dict stay as they are.
func (p Param) coerce(v any) (any, error) {
	switch {
	case p.Type == List && p.Elements == Dict:
		return toDicts(v)
	case p.Type == List && p.Elements == Str && isNumberOrBool(v):
		return []any{v}, nil // whether it may be one, elements decides
	}
	return p.coerceAs(v, p.kind())
}

// coerceAs is coerce for v of type t, which is p or an element of it. Where a
// number is meant it may be one; where there are Choices, these find out what
// YAML has made another thing of.
func (p Param) coerceAs(v any, t Type) (any, error) {
	_, number := v.(json.Number)
	if t == Str && (p.Choices != nil && isNumberOrBool(v) || p.Number && number) {
		return pythonText(v), nil
	}
	return coerce(v, t)
}

// isNumberOrBool reports whether v is what YAML makes of 022, 33:33 and yes.
func isNumberOrBool(v any) bool {
	switch v.(type) {
	case json.Number, bool, int, float64:
		return true
	}
	return false
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
