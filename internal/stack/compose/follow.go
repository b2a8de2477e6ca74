package compose

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// follow reads what the file called name includes and extends.
func (p *project) follow(name string, s scope) {
	f := p.files[name]
	if f == nil {
		return
	}
	if i := slices.Index(p.includers, name); i >= 0 {
		circle := append(slices.Clone(p.includers[i:]), name)
		p.wrong = append(p.wrong, Finding{File: name, Key: "include", Text: "a circle: " + strings.Join(circle, " includes ")})
		return
	}
	p.includers = append(p.includers, name)
	defer func() { p.includers = p.includers[:len(p.includers)-1] }()
	p.parts = append(p.parts, part{f, s})
	for _, root := range f.documents {
		if include := at(root, "include"); include != nil && include.Kind == yaml.SequenceNode {
			for i, item := range include.Content {
				p.include(item, Finding{File: name, Line: item.Line, Key: fmt.Sprintf("include[%d]", i)}, s)
			}
		}
		entries(at(root, "services"), func(k, service *yaml.Node) {
			p.extend(f, k.Value, service, s)
		})
	}
}

// include reads what an entry of include names.
func (p *project) include(item *yaml.Node, from Finding, s scope) {
	paths := item
	if item.Kind == yaml.MappingNode {
		paths = at(item, "path")
	}
	var names []string
	for _, n := range scalars(paths) {
		if name, ok := p.reference(n, from, s); ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	inner := scope{path.Dir(names[0]), maps.Clone(s.env)}
	if d := at(item, "project_directory"); d != nil {
		if dir, ok := p.reference(d, from, s); ok {
			inner.dir = dir
		}
	}
	envFiles := scalars(at(item, "env_file"))
	for _, n := range envFiles {
		if name, ok := p.reference(n, from, s); ok {
			p.addEnvFile(inner.env, name, from, true)
		}
	}
	if envFiles == nil {
		p.addEnvFile(inner.env, within(inner.dir, ".env"), from, false)
	}
	for _, name := range names {
		if p.parse(name, from) != nil && !slices.Contains(p.includers, name) {
			p.rewrite(name, p.servicesIn(names))
		}
		p.follow(name, inner)
	}
}

func (p *project) servicesIn(files []string) map[string]bool {
	names := map[string]bool{}
	for _, name := range files {
		if f := p.files[name]; f != nil {
			for _, d := range f.documents {
				entries(servicesOf(d), func(k, _ *yaml.Node) { names[k.Value] = true })
			}
		}
	}
	return names
}

// extend reads the file that a service extends one of.
func (p *project) extend(f *file, service string, node *yaml.Node, s scope) {
	extends := at(node, "extends")
	n := at(extends, "file")
	if n == nil || n.Kind != yaml.ScalarNode {
		return
	}
	from := Finding{File: f.name, Line: n.Line, Service: service, Key: "extends"}
	name, ok := p.reference(n, from, s)
	if !ok || name == f.name {
		return
	}
	seen := p.files[name] != nil
	base := p.parse(name, from)
	if base == nil || seen {
		return
	}
	v1 := slices.ContainsFunc(base.documents, isV1)
	p.rewrite(name, p.servicesIn([]string{name}))
	for _, root := range base.documents {
		if v1 {
			entries(at(root, "volumes"), func(k, _ *yaml.Node) { p.hoisted[k.Value] = true })
		}
		entries(at(root, "services"), func(k, deeper *yaml.Node) {
			p.extend(base, k.Value, deeper, scope{path.Dir(name), s.env})
		})
	}
}

// reference is the file that the scalar n names, as a Reader takes it.
// Where that is absolute, n is made to name what is staged for compose-go.
func (p *project) reference(n *yaml.Node, from Finding, s scope) (string, bool) {
	if name, ok := p.references[n]; ok {
		return name, true
	}
	given := n.Value
	if strings.Contains(given, "$") {
		if len(unsetVariables(given, s.lookup)) > 0 {
			return "", false // which is told of with all others
		}
		var err error
		if given, err = substitute(given, s.lookup); err != nil {
			return "", false // compose-go tells of it
		}
	}
	if strings.Contains(given, "://") || strings.HasPrefix(given, "git@") {
		from.Text = fmt.Sprintf("%s is elsewhere: rundock reads files of the project alone; put a copy of it there", given)
		p.wrong = append(p.wrong, from)
		return "", false
	}
	name := within(s.dir, given)
	if strings.Count(name, "../") > stageDepth {
		from.Text = fmt.Sprintf("%s: more than %d folders up", given, stageDepth)
		p.wrong = append(p.wrong, from)
		return "", false
	}
	p.references[n] = name
	if path.IsAbs(given) {
		n.Value, n.Tag = p.stage.path(name), "!!str"
	}
	return name, true
}
