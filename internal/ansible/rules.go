package ansible

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (l level) exclusive(values map[string]any) error {
	var found []string
	for _, names := range l.rules.MutuallyExclusive {
		if len(names)-len(absent(values, names)) > 1 {
			found = append(found, strings.Join(names, "|"))
		}
	}
	if found == nil {
		return nil
	}
	return errors.New("parameters are mutually exclusive: " + strings.Join(found, ", ") + l.foundIn())
}

func (l level) together(values map[string]any) error {
	for _, names := range l.rules.RequiredTogether {
		if n := len(absent(values, names)); n > 0 && n < len(names) {
			return errors.New("parameters are required together: " + strings.Join(names, ", ") + l.foundIn())
		}
	}
	return nil
}

func (l level) oneOf(values map[string]any) error {
	for _, names := range l.rules.RequiredOneOf {
		if len(absent(values, names)) == len(names) {
			return errors.New("one of the following is required: " + strings.Join(names, ", ") + l.foundIn())
		}
	}
	return nil
}

func (l level) requiredIf(values map[string]any) error {
	for _, rule := range l.rules.RequiredIf {
		if v, ok := values[rule.Param]; !ok || v != rule.Value {
			continue
		}
		missing, which := absent(values, rule.Params), "all"
		if rule.Any {
			which = "any"
		}
		if len(missing) == 0 || rule.Any && len(missing) < len(rule.Params) {
			continue
		}
		return fmt.Errorf("%s is %s but %s of the following are missing: %s%s",
			rule.Param, pythonText(rule.Value), which, strings.Join(missing, ", "), l.foundIn())
	}
	return nil
}

func (l level) requiredBy(values map[string]any) error {
	for _, rule := range l.rules.RequiredBy {
		if _, ok := values[rule.Param]; !ok {
			continue
		}
		if missing := absent(values, rule.Params); len(missing) > 0 {
			return fmt.Errorf("missing parameter(s) required by '%s': %s%s", rule.Param, strings.Join(missing, ", "), l.foundIn())
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
