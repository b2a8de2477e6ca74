package compose

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// gather reads the compose files, and those that they include and extend, and
// rewrites them. What is wrong is added to p.wrong.
func (p *project) gather() {
	p.env = p.environment()
	p.env["COMPOSE_PROJECT_NAME"] = p.in.Name
	for _, name := range p.in.Files {
		p.parse(name, Finding{})
	}
	names := p.servicesIn(p.in.Files)
	for _, name := range p.in.Files {
		p.rewrite(name, names)
		p.nameStack(p.files[name])
	}
	for _, name := range p.in.Files {
		p.follow(name, scope{p.dir, p.env})
	}
	p.checkName()
	p.env["COMPOSE_PROJECT_NAME"] = p.in.Name
}

// stackName is a DNS label: names of the stack's services end in it.
var stackName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (p *project) checkName() {
	switch {
	case p.in.Name == "" && len(p.source.unsent) == 0:
		p.wrong = append(p.wrong, Finding{Text: "the stack has no name: the call gives it, or name: in a compose file"})
	case p.in.Name != "" && !stackName.MatchString(p.in.Name):
		p.wrong = append(p.wrong, Finding{Text: fmt.Sprintf("%q cannot be the name of a stack: up to 63 of a-z, 0-9 and -, neither the first nor the last a -", p.in.Name)})
	}
}

// nameStack gives the stack the name that f has, unless the call has one; that
// of a later file wins.
func (p *project) nameStack(f *file) {
	if f == nil || p.named {
		return
	}
	for _, root := range f.documents {
		if n := at(root, "name"); n != nil && n.Kind == yaml.ScalarNode {
			if name, err := substitute(n.Value, scope{env: p.env}.lookup); err == nil {
				p.in.Name = name
			}
		}
	}
}
