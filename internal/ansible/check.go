package ansible

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check reports what in s contradicts itself, each with the parameter's name.
// A module's test calls it, through package stub; no module does.
func (s Spec) Check() error {
	errs := []error{checkLevel("", s.Params, s.Rules)}
	for _, e := range s.Elsewhere {
		for name := range strings.FieldsSeq(e.Names) {
			if slices.ContainsFunc(s.Params, func(p Param) bool { return slices.Contains(p.names(), name) }) {
				errs = append(errs, fmt.Errorf("Elsewhere has %s, which is a parameter", name))
			}
		}
	}
	return errors.Join(errs...)
}

func checkLevel(prefix string, params []Param, rules Rules) error {
	var errs []error
	seen := map[string]bool{}
	for _, p := range params {
		for _, name := range p.names() {
			if seen[name] {
				errs = append(errs, fmt.Errorf("parameter %s%s: the name is taken", prefix, name))
			}
			seen[name] = true
		}
		for _, problem := range p.problems() {
			errs = append(errs, fmt.Errorf("parameter %s%s: %s", prefix, p.Name, problem))
		}
		errs = append(errs, checkLevel(prefix+p.Name+".", p.Options, p.Rules))
	}
	for _, name := range rules.mentioned() {
		if !slices.ContainsFunc(params, func(p Param) bool { return p.Name == name }) {
			errs = append(errs, fmt.Errorf("a rule names %s%s, which is no parameter", prefix, name))
		}
	}
	return errors.Join(errs...)
}

func (p Param) problems() []string {
	ofDicts := p.Type == Dict || p.Type == List && p.Elements == Dict
	var problems []string
	for _, c := range []struct {
		wrong   bool
		problem string
	}{
		{!slices.Contains([]Type{Str, Int, Float, Bool, List, Dict, Path, Raw, JSON, JSONArg, Bytes, Bits}, p.kind()), "its Type is unknown"},
		{len(p.Description) == 0, "it has no Description"},
		{p.Required && p.Default != nil, "it is Required and has a Default"},
		{p.Elements != "" && p.Type != List, "it has Elements and is no List"},
		{p.Values != "" && (p.Type != Dict || p.Options != nil), "it has Values and is no Dict without Options"},
		{p.Number && p.kind() != Str && !(p.Type == List && p.Elements == Str), "it has Number and is no Str"},
		{p.Options != nil && !ofDicts, "it has Options and is neither Dict nor List of Dict"},
		{p.Word != "" && (p.Elements != Dict || !slices.ContainsFunc(p.Options, func(o Param) bool { return o.Name == p.Word })), "its Word is none of its Options"},
		{p.ApplyDefaults && (p.Type != Dict || p.Options == nil), "it has ApplyDefaults and is no Dict with Options"},
		{p.RemovedIn != "" && p.RemovedAt != "", "it has RemovedIn and RemovedAt"},
	} {
		if c.wrong {
			problems = append(problems, c.problem)
		}
	}
	if p.Default != nil {
		values := map[string]any{p.Name: generic(p.Default)}
		alone := level{params: []Param{p}}
		if err := errors.Join(alone.types(values), alone.choices(values)); err != nil {
			problems = append(problems, "its Default is refused: "+err.Error())
		}
	}
	for _, a := range p.DeprecatedAliases {
		if !slices.Contains(p.Aliases, a.Name) {
			problems = append(problems, a.Name+" is deprecated, but no alias")
		}
	}
	return problems
}

// mentioned lists every name in r.
func (r Rules) mentioned() []string {
	names := slices.Concat(slices.Concat(r.MutuallyExclusive...), slices.Concat(r.RequiredTogether...), slices.Concat(r.RequiredOneOf...))
	for _, rule := range r.RequiredIf {
		names = append(append(names, rule.Param), rule.Params...)
	}
	for _, rule := range r.RequiredBy {
		names = append(append(names, rule.Param), rule.Params...)
	}
	return names
}
