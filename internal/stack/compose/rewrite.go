package compose

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parse reads a compose file; nil where that fails, or has to wait.
func (p *project) parse(name string, from Finding) *file {
	if f, ok := p.files[name]; ok {
		return f
	}
	data, err := p.source.file(name)
	if errors.Is(err, ErrUnsent) {
		return nil
	}
	p.files[name] = nil
	if err != nil {
		p.unreadable(from, name, err)
		return nil
	}
	f := &file{name: name}
	if f.documents, err = parseDocuments(data); err != nil {
		p.wrong = append(p.wrong, Finding{File: name, Text: strings.TrimPrefix(err.Error(), "yaml: ")})
		return nil
	}
	if len(f.documents) == 0 {
		p.wrong = append(p.wrong, Finding{File: name, Text: "it is empty"})
		return nil
	}
	p.files[name] = f
	return f
}

// servicesOf are the services of a document, of whatever version.
func servicesOf(root *yaml.Node) *yaml.Node {
	if isV1(root) {
		return root
	}
	return at(root, "services")
}

// rewrite makes name a file of today, and takes hints out of it. names are the
// services of all files.
func (p *project) rewrite(name string, names map[string]bool) {
	f := p.files[name]
	if f == nil {
		return
	}
	for i, root := range f.documents {
		if isV1(root) {
			root = rewriteV1(root, names)
			f.documents[i] = root
		}
		if v := at(root, "version"); v != nil && v.Kind == yaml.ScalarNode {
			take(root, "version") // it has no meaning any more
		}
		entries(at(root, "services"), func(_, service *yaml.Node) {
			takeHints(service)
			if name := take(service, "container_name"); name != nil {
				put(service, containerNameKey, name)
			}
		})
		for _, list := range []string{"networks", "volumes", "configs", "secrets"} {
			entries(at(root, list), func(_, one *yaml.Node) { modernExternal(one) })
		}
	}
}

// containerNameKey is where container_name is while compose-go merges the
// files: it refuses one beside several instances.
const containerNameKey = "x-rundock-container-name"

// modernExternal makes `external: {name: x}` what it is written as today.
func modernExternal(one *yaml.Node) {
	external := at(one, "external")
	if external == nil || external.Kind != yaml.MappingNode {
		return
	}
	if name := at(external, "name"); name != nil && at(one, "name") == nil {
		put(one, "name", name)
	}
	put(one, "external", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true", Line: external.Line})
}
