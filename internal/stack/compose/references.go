package compose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

// checkReferences finds all that services refer to and that is not there.
func (p *project) checkReferences() {
	for _, name := range sortedKeys(p.loaded.Services) {
		c := p.loaded.Services[name]
		fail := func(key, format string, values ...any) {
			p.failIn(name, key, format, values...)
		}
		if c.Image == "" && c.Build == nil {
			fail("", "it has neither image nor build")
		}
		for _, other := range sortedKeys(c.DependsOn) {
			if _, ok := p.loaded.Services[other]; !ok && c.DependsOn[other].Required {
				fail(dependsOn(c, other), "%s", p.absent(other))
			}
		}
		for _, network := range sortedKeys(c.Networks) {
			if _, ok := p.loaded.Networks[network]; !ok {
				fail("networks", "there is no network %s at the top level", network)
			}
		}
		for i, v := range c.Volumes {
			if _, ok := p.loaded.Volumes[v.Source]; v.Type == types.VolumeTypeVolume && v.Source != "" && !ok {
				fail(fmt.Sprintf("volumes[%d]", i), "there is no volume %s at the top level", v.Source)
			}
		}
		for i, f := range c.Configs {
			if _, ok := p.loaded.Configs[f.Source]; !ok {
				fail(fmt.Sprintf("configs[%d]", i), "there is no config %s at the top level", f.Source)
			}
		}
		for i, f := range c.Secrets {
			if _, ok := p.loaded.Secrets[f.Source]; !ok {
				fail(fmt.Sprintf("secrets[%d]", i), "there is no secret %s at the top level", f.Source)
			}
		}
	}
}

// dependsOn is the key by which a service depends on another one.
func dependsOn(c types.ServiceConfig, other string) string {
	is := func(s string) bool { name, _, _ := strings.Cut(s, ":"); return name == other }
	switch {
	case c.NetworkMode == types.ServicePrefix+other:
		return "network_mode"
	case c.Ipc == types.ServicePrefix+other:
		return "ipc"
	case c.Pid == types.ServicePrefix+other:
		return "pid"
	case slices.ContainsFunc(c.VolumesFrom, is):
		return "volumes_from"
	case slices.ContainsFunc(c.Links, is):
		return "links"
	}
	return "depends_on"
}

// absent says of a service that is not part of the stack why.
func (p *project) absent(name string) string {
	if c, ok := p.loaded.DisabledServices[name]; ok {
		return fmt.Sprintf("service %s is of profiles that the call does not have: %s", name, strings.Join(c.Profiles, ", "))
	}
	return fmt.Sprintf("there is no service %s", name)
}

// checkExtends refuses services that extend each other in a circle.
func (p *project) checkExtends() {
	inCircle := map[string]bool{}
	var follow func(of part, name string, node *yaml.Node, before []string)
	follow = func(of part, name string, node *yaml.Node, before []string) {
		id := of.file.name + ": " + name
		if i := slices.Index(before, id); i >= 0 {
			if !inCircle[id] {
				f := Finding{File: of.file.name, Line: node.Line, Service: name, Key: "extends", Text: "a circle: " + strings.Join(append(before[i:], id), " extends ")}
				p.wrong = append(p.wrong, f)
			}
			for _, each := range before[i:] {
				inCircle[each] = true
			}
			return
		}
		if inCircle[id] {
			return
		}
		p.base(of, node, func(base part, name string, node *yaml.Node) {
			follow(base, name, node, append(slices.Clone(before), id))
		})
	}
	for _, part := range p.parts {
		for _, root := range part.file.documents {
			entries(at(root, "services"), func(k, node *yaml.Node) { follow(part, k.Value, node, nil) })
		}
	}
}

// base calls each for the service that node extends, in each document that has
// it.
func (p *project) base(from part, node *yaml.Node, each func(base part, name string, node *yaml.Node)) {
	name := at(node, "extends")
	if name != nil && name.Kind == yaml.MappingNode {
		file := at(name, "file")
		name = at(name, "service")
		if file != nil {
			of, ok := p.references[file]
			if from.file = p.files[of]; !ok || from.file == nil {
				return
			}
			from.scope.dir = path.Dir(of)
		}
	}
	if name == nil || name.Kind != yaml.ScalarNode {
		return
	}
	for _, root := range from.file.documents {
		if base := at(at(root, "services"), name.Value); base != nil {
			each(from, name.Value, base)
		}
	}
}
