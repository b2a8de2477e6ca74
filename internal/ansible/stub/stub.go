// Package stub writes a module's documentation as the Python file that
// ansible-doc reads: DOCUMENTATION, EXAMPLES and RETURN, and no code. The
// module itself is a binary that ansible-doc cannot read, and breaks on.
//
// Only tests use it; no module links it. Source of the format: "Module format
// and documentation" of Ansible's developer guide; of the keys,
// ansible-core 2.14's ansible-doc.
package stub

import (
	"fmt"
	"strings"

	"rundock/internal/ansible"
)

// Python returns the file for spec. generator is the command that makes it
// anew, for the header. A specification that contradicts itself, or lacks
// what a reader needs, is an error.
func Python(spec ansible.Spec, generator string) ([]byte, error) {
	if err := spec.Check(); err != nil {
		return nil, fmt.Errorf("document module %s: %w", spec.Module, err)
	}
	if spec.Short == "" || len(spec.Description) == 0 || spec.Examples == "" {
		return nil, fmt.Errorf("document module %s: Short, Description and Examples must be there", spec.Module)
	}
	if err := checkReturns(spec.Returns); err != nil {
		return nil, fmt.Errorf("document module %s: %w", spec.Module, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `#!/usr/bin/python
# Generated from the specification in modules/%s, by
#     %s
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type
`, spec.Module, generator)
	for _, part := range []struct {
		name string
		text string
	}{
		{"DOCUMENTATION", render(documentation(spec))},
		{"EXAMPLES", strings.TrimSpace(spec.Examples) + "\n"},
		{"RETURN", render(returns(spec.Returns))},
	} {
		if strings.Contains(part.text, "'''") {
			return nil, fmt.Errorf("document module %s: %s holds ''', which ends it", spec.Module, part.name)
		}
		fmt.Fprintf(&b, "\n%s = r'''\n---\n%s'''\n", part.name, part.text)
	}
	return []byte(b.String()), nil
}

// author is the only form that ansible-test's validate-modules takes without a
// name at GitHub.
const author = "The authors of rundock (!UNKNOWN)"

func documentation(s ansible.Spec) fields {
	f := fields{
		{"module", s.Module},
		{"short_description", s.Short},
		{"version_added", s.VersionAdded},
		{"description", s.Description},
		{"author", []string{author}},
		{"requirements", s.Requirements},
		{"attributes", fields{
			{"check_mode", fields{{"support", "full"}, {"description", "Changes nothing and reports what would be."}}},
			{"diff_mode", fields{{"support", "full"}, {"description", "Returns what has changed in files, or in check mode would."}}},
		}},
		{"options", options(s.Params)},
		{"notes", s.Notes},
	}
	return f
}

func options(params []ansible.Param) fields {
	var f fields
	for _, p := range params {
		kind := p.Type
		if kind == "" {
			kind = ansible.Str
		}
		option := fields{
			{"description", append(p.Description[:len(p.Description):len(p.Description)], remarks(p)...)},
			{"type", string(kind)},
			{"elements", string(p.Elements)},
			{"required", p.Required},
			{"default", p.Default},
			{"choices", p.Choices},
			{"aliases", p.Aliases},
			{"version_added", p.VersionAdded},
			{"suboptions", options(p.Options)},
		}
		f = append(f, field{p.Name, option})
	}
	return f
}

// remarks are sentences on what ansible-doc has no key for.
func remarks(p ansible.Param) []string {
	var list []string
	if len(p.Fallback) > 0 {
		list = append(list, fmt.Sprintf("If it is not given, the environment variable C(%s) of the task is used.", strings.Join(p.Fallback, ") or C(")))
	}
	if p.NoLog {
		list = append(list, "Its value is masked in all output.")
	}
	if p.RemovedIn != "" || p.RemovedAt != "" {
		list = append(list, fmt.Sprintf("Deprecated: it will be removed in %s.", p.RemovedIn+p.RemovedAt))
	}
	for _, a := range p.DeprecatedAliases {
		list = append(list, fmt.Sprintf("The alias C(%s) is deprecated: it will be removed in %s.", a.Name, a.In+a.At))
	}
	return list
}

func returns(list []ansible.Return) fields {
	var f fields
	for _, r := range list {
		when := r.Returned
		if when == "" {
			when = "always"
		}
		f = append(f, field{r.Name, fields{
			{"description", r.Description},
			{"returned", when},
			{"type", string(r.Type)},
			{"elements", string(r.Elements)},
			{"sample", r.Sample},
			{"contains", returns(r.Contains)},
		}})
	}
	return f
}

func checkReturns(list []ansible.Return) error {
	for _, r := range list {
		if len(r.Description) == 0 || r.Type == "" {
			return fmt.Errorf("returned value %s: Description and Type must be there", r.Name)
		}
		if r.Type == ansible.Path {
			return fmt.Errorf("returned value %s: its type is a parameter's: a path is returned as a string", r.Name)
		}
		if err := checkReturns(r.Contains); err != nil {
			return err
		}
	}
	return nil
}
