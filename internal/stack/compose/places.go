package compose

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// places are where keys are in the files, by path: services.web.ports[0]. Of
// what several files say it is the last.
type places map[string]place

type place struct {
	file string
	line int
}

// fillPlaces finds the places of all keys: those of a service that is extended
// are those of the one that extends it as well.
func (p *project) fillPlaces() {
	for _, part := range p.parts {
		for _, root := range part.file.documents {
			entries(at(root, "services"), func(k, service *yaml.Node) {
				p.addBase(part, "services."+k.Value, service, 0)
			})
		}
	}
	for _, part := range p.parts {
		for _, root := range part.file.documents {
			p.places.add(part.file.name, "", root)
		}
	}
}

// extendsAtMost is how long a chain of services that extend each other is
// followed; compose-go refuses circles.
const extendsAtMost = 20

func (p *project) addBase(from part, path string, node *yaml.Node, depth int) {
	if depth == extendsAtMost {
		return
	}
	p.base(from, node, func(base part, _ string, node *yaml.Node) {
		p.addBase(base, path, node, depth+1)
		p.places.add(base.file.name, path, node)
	})
}

// add adds what is below n. Items of a list that several files add to are
// others once they are merged: those have no place.
func (p places) add(file, at string, n *yaml.Node) {
	entries(n, func(k, v *yaml.Node) {
		path := k.Value
		if at != "" {
			path = at + "." + k.Value
		}
		p[path] = place{file, k.Line}
		p.add(file, path, v)
	})
	if n.Kind != yaml.SequenceNode {
		return
	}
	for i, item := range n.Content {
		path := fmt.Sprintf("%s[%d]", at, i)
		if _, ok := p[path]; ok {
			p[path] = place{}
			continue
		}
		p[path] = place{file, item.Line}
		p.add(file, path, item)
	}
}

// finding is text about a key of a service, or of the top level where service
// is "", at its place, or at that of what it is in.
func (p places) finding(service, key, text string) Finding {
	f := Finding{Service: service, Key: key, Text: text}
	path := key
	if service != "" {
		path = strings.TrimSuffix("services."+service+"."+key, ".")
	}
	for path != "" {
		if at := p[path]; at.file != "" {
			f.File, f.Line = at.file, at.line
			return f
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return f
}
