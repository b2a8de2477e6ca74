package ansible

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// validate returns the values of the parameters given, coerced, with defaults
// filled in. A parameter given as null counts as not given. The error is the
// first that Ansible would report: exclusive, missing, types, choices,
// together, one of, if, by, and unknown names last. unknown names are
// skipped when ignoreUnknown is set.
func (s Spec) validate(module string, given map[string]any, ignoreUnknown bool) (map[string]any, error) {
	values := map[string]any{}
	var unknown, known []string
	for _, p := range s.Params {
		known = append(known, p.Name)
	}
	for name, v := range given {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		} else if v != nil {
			values[name] = v
		}
	}
	if err := s.exclusive(values); err != nil {
		return nil, err
	}
	for _, p := range s.Params {
		if _, ok := values[p.Name]; !ok && p.Default != nil {
			values[p.Name] = p.Default
		}
	}
	for _, check := range []func(map[string]any) error{s.required, s.types, s.choices, s.together, s.oneOf, s.requiredIf, s.requiredBy} {
		if err := check(values); err != nil {
			return nil, err
		}
	}
	if len(unknown) > 0 && !ignoreUnknown {
		slices.Sort(unknown)
		slices.Sort(known)
		return nil, fmt.Errorf("Unsupported parameters for (%s) module: %s. Supported parameters include: %s.",
			module, strings.Join(unknown, ", "), strings.Join(known, ", "))
	}
	return values, nil
}

func (s Spec) required(values map[string]any) error {
	var missing []string
	for _, p := range s.Params {
		if _, ok := values[p.Name]; !ok && p.Required {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return errors.New("missing required arguments: " + strings.Join(missing, ", "))
}

// types coerces every value in place.
func (s Spec) types(values map[string]any) error {
	for _, p := range s.Params {
		v, ok := values[p.Name]
		if !ok || v == p.Default && p.Default != nil {
			continue
		}
		kind := p.Type
		if kind == "" {
			kind = Str
		}
		converted, err := coerce(v, kind)
		if err != nil {
			return fmt.Errorf("argument '%s' is of type %s and we were unable to convert to %s: %w", p.Name, pythonType(v), kind, err)
		}
		values[p.Name] = converted
		list, ok := converted.([]any)
		if !ok || p.Elements == "" {
			continue
		}
		elements := make([]any, len(list))
		for i, e := range list {
			if elements[i], err = coerce(e, p.Elements); err != nil {
				return fmt.Errorf("Elements value for option '%s' is of type %s and we were unable to convert to %s: %w", p.Name, pythonType(e), p.Elements, err)
			}
		}
		values[p.Name] = elements
	}
	return nil
}

func (s Spec) choices(values map[string]any) error {
	for _, p := range s.Params {
		v, ok := values[p.Name]
		if !ok || p.Choices == nil {
			continue
		}
		allowed := strings.Join(p.Choices, ", ")
		if list, ok := v.([]any); ok {
			var bad []string
			for _, e := range list {
				if text := fmt.Sprint(e); !slices.Contains(p.Choices, text) {
					bad = append(bad, text)
				}
			}
			if bad != nil {
				return fmt.Errorf("value of %s must be one or more of: %s. Got no match for: %s", p.Name, allowed, strings.Join(bad, ", "))
			}
		} else if text := fmt.Sprint(v); !slices.Contains(p.Choices, text) {
			return fmt.Errorf("value of %s must be one of: %s, got: %s", p.Name, allowed, text)
		}
	}
	return nil
}

func (r Rules) exclusive(values map[string]any) error {
	var found []string
	for _, names := range r.MutuallyExclusive {
		if len(names)-len(absent(values, names)) > 1 {
			found = append(found, strings.Join(names, "|"))
		}
	}
	if found == nil {
		return nil
	}
	return errors.New("parameters are mutually exclusive: " + strings.Join(found, ", "))
}

func (r Rules) together(values map[string]any) error {
	for _, names := range r.RequiredTogether {
		if n := len(absent(values, names)); n > 0 && n < len(names) {
			return errors.New("parameters are required together: " + strings.Join(names, ", "))
		}
	}
	return nil
}

func (r Rules) oneOf(values map[string]any) error {
	for _, names := range r.RequiredOneOf {
		if len(absent(values, names)) == len(names) {
			return errors.New("one of the following is required: " + strings.Join(names, ", "))
		}
	}
	return nil
}

func (r Rules) requiredIf(values map[string]any) error {
	for _, rule := range r.RequiredIf {
		if v, ok := values[rule.Param]; !ok || v != rule.Value {
			continue
		}
		missing := absent(values, rule.Params)
		if rule.Any && len(missing) == len(rule.Params) {
			return fmt.Errorf("%s is %v but any of the following are missing: %s", rule.Param, rule.Value, strings.Join(missing, ", "))
		}
		if !rule.Any && len(missing) > 0 {
			return fmt.Errorf("%s is %v but all of the following are missing: %s", rule.Param, rule.Value, strings.Join(missing, ", "))
		}
	}
	return nil
}

func (r Rules) requiredBy(values map[string]any) error {
	for _, rule := range r.RequiredBy {
		if _, ok := values[rule.Param]; !ok {
			continue
		}
		if missing := absent(values, rule.Params); len(missing) > 0 {
			return fmt.Errorf("missing parameter(s) required by '%s': %s", rule.Param, strings.Join(missing, ", "))
		}
	}
	return nil
}

// absent returns those of names that have no value.
func absent(values map[string]any, names []string) []string {
	var list []string
	for _, n := range names {
		if _, ok := values[n]; !ok {
			list = append(list, n)
		}
	}
	return list
}
