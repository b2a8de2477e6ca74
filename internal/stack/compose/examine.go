package compose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// examine finds variables without a value that the stack needs, and keys that
// the specification does not have: all at once, and before compose-go takes
// each of the first for an empty text and ends with the first of the others.
func (p *project) examine() {
	p.fillPlaces()
	for _, name := range sortedKeys(p.files) {
		for _, root := range p.files[name].documents {
			p.unknown(name, "", "", root)
			in := part{p.files[name], p.scopeOf(name)}
			entries(at(root, "services"), func(k, service *yaml.Node) { p.checkRanges(in, k.Value, service) })
		}
	}
	p.checkExtends()
	visited := map[string]bool{}
	for _, part := range p.parts {
		for _, root := range part.file.documents {
			p.unsetIn(part, root, visited)
		}
	}
}

// unsetIn finds the variables without a value in a document.
func (p *project) unsetIn(in part, root *yaml.Node, visited map[string]bool) {
	entries(root, func(k, v *yaml.Node) {
		switch {
		case strings.HasPrefix(k.Value, "x-"):
		case k.Value != "services":
			p.unset(in, "", k.Value, v)
		default:
			entries(v, func(name, service *yaml.Node) {
				if p.active(name.Value) {
					p.unsetInService(in, name.Value, name.Value, service, visited)
				}
			})
		}
	})
}

// unsetInService finds those of a service, and of what it extends, for the
// service that the stack has.
func (p *project) unsetInService(in part, service, name string, node *yaml.Node, visited map[string]bool) {
	id := in.file.name + "\n" + name
	if visited[id] {
		return
	}
	visited[id] = true
	p.unset(in, service, "", node)
	p.homes(in, service, node)
	p.twice(in, service, node)
	p.base(in, node, func(base part, name string, node *yaml.Node) {
		p.unsetInService(base, service, name, node, visited)
	})
}

// scopeOf is where a file is read; one that is extended sees what the first
// file does.
func (p *project) scopeOf(name string) scope {
	for _, part := range p.parts {
		if part.file.name == name {
			return part.scope
		}
	}
	return scope{p.dir, p.env}
}

// active reports whether a service is of a profile that is asked for, or of
// none, by what its files say: one that extends another may have more.
func (p *project) active(name string) bool {
	var profiles []string
	for _, part := range p.parts {
		for _, root := range part.file.documents {
			for _, n := range scalars(at(at(at(root, "services"), name), "profiles")) {
				profiles = append(profiles, n.Value)
			}
		}
	}
	return len(profiles) == 0 || slices.Contains(p.in.Profiles, "*") ||
		slices.ContainsFunc(profiles, func(profile string) bool { return slices.Contains(p.in.Profiles, profile) })
}

// unset finds the variables without a value below a node.
func (p *project) unset(in part, service, key string, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		entries(n, func(k, v *yaml.Node) {
			p.unset(in, service, strings.TrimPrefix(key+"."+k.Value, "."), v)
		})
	case yaml.SequenceNode:
		for i, item := range n.Content {
			p.unset(in, service, fmt.Sprintf("%s[%d]", key, i), item)
		}
	case yaml.ScalarNode:
		for _, u := range unsetVariables(n.Value, in.scope.lookup) {
			f := Finding{File: in.file.name, Line: n.Line, Service: service, Key: strings.TrimPrefix(key, hintsKey+"."), Text: fmt.Sprintf("variable %s is not set", u.name)}
			if u.message != "" {
				f.Text += ": " + u.message
			}
			p.wrong = append(p.wrong, f)
		}
	}
}

// homes refuses volumes that begin in somebody's home, which compose-go takes
// to be that of who runs it.
func (p *project) homes(in part, service string, node *yaml.Node) {
	list := at(node, "volumes")
	if list == nil || list.Kind != yaml.SequenceNode {
		return
	}
	for i, item := range list.Content {
		source := item
		if item.Kind == yaml.MappingNode {
			source = at(item, "source")
		}
		if source != nil && source.Kind == yaml.ScalarNode && strings.HasPrefix(source.Value, "~") {
			p.wrong = append(p.wrong, Finding{File: in.file.name, Line: source.Line, Service: service, Key: fmt.Sprintf("volumes[%d]", i), Text: "~ is whose home? Write the path out"})
		}
	}
}

// twice refuses what a list of one file says twice, of which compose-go takes
// the last.
func (p *project) twice(in part, service string, node *yaml.Node) {
	for _, l := range []struct {
		key, what string
		name      func(string) string
	}{
		{"environment", "variable", beforeEquals}, {"labels", "label", beforeEquals}, {"sysctls", "parameter", beforeEquals},
		{"annotations", "annotation", beforeEquals}, {"volumes", "what is mounted on", mountedOn},
	} {
		before := map[string]string{}
		for i, item := range scalars(at(node, l.key)) {
			value, err := substitute(item.Value, in.scope.lookup)
			if err != nil {
				continue // of which compose-go tells
			}
			name := l.name(value)
			if old, ok := before[name]; ok && name != "" && old != value {
				p.wrong = append(p.wrong, Finding{File: in.file.name, Line: item.Line, Service: service, Key: fmt.Sprintf("%s[%d]", l.key, i), Text: fmt.Sprintf("%s %s is given twice", l.what, name)})
			}
			before[name] = value
		}
	}
}

func beforeEquals(s string) string { name, _, _ := strings.Cut(s, "="); return name }

// mountedOn is the path in the container of a volume's short form.
func mountedOn(s string) string {
	if parts := strings.Split(s, ":"); len(parts) > 1 {
		return path.Clean(parts[1])
	}
	return path.Clean(s)
}
