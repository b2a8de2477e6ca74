package ansible

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"rundock/internal/nearest"
)

// unknown is a parameter that the specification does not have.
type unknown struct {
	context []string // names of the parameters around it
	name    string
	level   []Param // those that there are where it stands
}

// few is how many parameters are named to somebody who gave an unknown one.
const few = 20

// unsupported names every unknown parameter, each with advice on what was
// probably meant. Where there is none for one, it lists the supported ones.
func (s Spec) unsupported(module string, given []unknown) error {
	var names []string
	var strange *unknown // the first without advice
	sort.Slice(given, func(i, j int) bool { return given[i].path() < given[j].path() })
	for i, u := range given {
		advice := s.advice(u)
		if advice == "" && strange == nil {
			strange = &given[i]
		}
		names = append(names, u.path()+advice)
	}
	text := fmt.Sprintf("Unsupported parameters for (%s) module: %s.", module, strings.Join(slices.Compact(names), ", "))
	switch {
	case strange == nil:
		return fmt.Errorf("%s", text)
	case len(strange.level) > few:
		return fmt.Errorf("%s `ansible-doc %s` lists those that there are.", text, s.Module)
	}
	var parameters, aliases []string
	for _, p := range strange.level {
		parameters = append(parameters, p.Name)
		aliases = append(aliases, p.Aliases...)
	}
	slices.Sort(parameters)
	slices.Sort(aliases)
	supported := strings.Join(parameters, ", ")
	if aliases != nil {
		supported += " (" + strings.Join(aliases, ", ") + ")"
	}
	return fmt.Errorf("%s Supported parameters include: %s.", text, supported)
}

// path is how an error names u: announces.prot for a suboption.
func (u unknown) path() string { return strings.Join(append(slices.Clone(u.context), u.name), ".") }

// advice is what there is instead of u, in brackets; "" where there is none to give.
func (s Spec) advice(u unknown) string {
	for _, e := range s.Elsewhere {
		if slices.Contains(strings.Fields(e.Names), u.name) {
			return " (" + e.Advice + ")"
		}
	}
	var names, others []string
	for _, p := range u.level {
		names = append(names, p.names()...)
	}
	for _, e := range s.Elsewhere {
		others = append(others, strings.Fields(e.Names)...)
	}
	if near := nearest.Of(u.name, names); near != "" {
		return " (did you mean " + near + "?)"
	}
	if where := s.misplaced(u); where != "" {
		return where
	}
	if near := nearest.Of(u.name, others); near != "" {
		return s.advice(unknown{name: near})
	}
	return ""
}

// misplaced says where there is a parameter of the name of u, if there is one.
func (s Spec) misplaced(u unknown) string {
	if len(u.context) > 0 && slices.ContainsFunc(s.Params, func(p Param) bool { return slices.Contains(p.names(), u.name) }) {
		return " (it belongs beside " + u.context[0] + ")"
	}
	for _, p := range s.Params {
		if slices.ContainsFunc(p.Options, func(o Param) bool { return o.Name == u.name }) {
			return " (it belongs within " + p.Name + ")"
		}
	}
	return ""
}
