// Package compose reads compose files into the model of a stack: the compose
// specification by compose-go, and what compose-go does not read, files of the
// first version and the rules of placement of classic Swarm, from the YAML
// before it. Every key of the specification is mapped, noted or refused, as
// keys.go says and docs/stacks.md shows.
//
// What it does, in the order of its files:
//
//	input.go project.go                     what is given, and what becomes of it on the way
//	reader.go dotenv.go yaml.go             files, variables, the nodes of YAML
//	gather.go follow.go                     all files, those that they include and extend too
//	rewrite.go v1.go hints.go               rewritten for compose-go
//	examine.go unknown.go variables.go      what compose-go takes in silence: keys, variables
//	stage.go load.go references.go          compose-go's turn, and what it says is wrong
//	places.go finding.go                    where a key is in the files, and how that is told
//	keys*.go enforce.go                     what becomes of each key
//	service.go servicing.go and the rest    what compose-go made, as the model has it
//	checks.go                               what is wrong only together
//
// It reads files by a Reader alone, and variables from Input.Env and .env
// alone: neither Docker, the store, the network nor the environment of the
// process is asked. compose-go reads what a file includes and extends from a
// folder, which is made for it and removed.
package compose

import (
	"context"
	"errors"
	"path"

	"go.yaml.in/yaml/v3"

	"rundock/internal/stack"
)

// Load reads a stack. Its error is *Missing where files are needed that the
// reader has not been sent; Errors, all that is wrong with the files; or of the
// system.
func Load(ctx context.Context, in Input) (Result, error) {
	if len(in.Files) == 0 {
		return Result{}, errors.New("no compose file is given")
	}
	p := &project{
		in: in, named: in.Name != "", dir: path.Dir(in.Files[0]), source: source{read: in.Read, known: map[string]content{}},
		files: map[string]*file{}, others: map[string][]byte{}, hoisted: map[string]bool{}, references: map[*yaml.Node]string{}, places: places{},
		configs: map[string]stack.File{}, secrets: map[string]stack.File{}, blobs: map[string][]byte{}, values: map[string]Secret{},
	}
	var err error
	if p.stage, err = newStage(); err != nil {
		return Result{}, err
	}
	defer p.stage.remove()
	for _, step := range []func(){p.gather, p.examine, func() { p.load(ctx) }} {
		step()
		if err := p.err(); err != nil {
			return Result{}, err
		}
	}
	r := p.result()
	return r, p.err()
}

// result is the model of what compose-go has loaded.
func (p *project) result() Result {
	p.enforce()
	services := map[string]stack.Service{}
	for _, name := range sortedKeys(p.loaded.Services) {
		services[name] = p.service(name, p.loaded.Services[name])
	}
	p.link(services)
	s := stack.Stack{Version: stack.Version, Name: p.in.Name, Services: services}
	s.Networks, s.Volumes = p.networks(services), p.volumes(services)
	s.Configs, s.Secrets = p.configs, p.secrets
	p.check(s)
	p.noteInherited()
	p.notes = sorted(p.notes)
	return Result{Stack: s, Notes: p.notes, X: p.loaded.Extensions, Inactive: p.inactive(), Configs: p.blobs, Secrets: p.values}
}
