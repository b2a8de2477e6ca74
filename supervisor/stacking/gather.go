package stacking

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/internal/stack/compose"
)

// wanted is what a call asks for, as far as the store does not matter.
type wanted struct {
	model   stack.Stack
	configs map[string][]byte         // by hash
	secrets map[string]compose.Secret // by key
	builds  []control.StackBuild      // images that services are of
	notes   []string
}

// needed is what a call has to be made again with: nothing was done.
type needed struct {
	files    []string
	contexts []control.StackContext
}

func (n needed) any() bool { return len(n.files)+len(n.contexts) > 0 }

func (n needed) answer() control.StackAnswer {
	return control.StackAnswer{Wants: n.files, Contexts: n.contexts}
}

// gather is what q asks for; an absent stack has no services. needs is what it lacks for that.
func (s *site) gather(ctx context.Context, q control.StackRequest, k *key) (w wanted, needs needed, err error) {
	w.model = nothing(q.Name)
	if q.Absent || q.Back != 0 {
		return w, needs, nil
	}
	if q.Model != nil {
		w, err = made(q)
		return w, needs, err
	}
	r, wants, err := load(ctx, q, k.data)
	if err != nil || wants != nil {
		return w, needed{files: wants}, err
	}
	w.model, w.configs, w.secrets = r.Stack, r.Configs, r.Secrets
	for _, n := range r.Notes {
		w.notes = append(w.notes, n.String())
	}
	for _, name := range r.Inactive {
		w.notes = append(w.notes, fmt.Sprintf("service %s is left out: its profiles are not asked for", name))
	}
	if q.Registry == control.SiteRegistry {
		q.Registry = "registry." + s.domain + ":5000"
	}
	needs, err = w.buildings(q)
	return w, needs, err
}

// made is what q asks for by a model.
func made(q control.StackRequest) (w wanted, err error) {
	if err := registry.Decode(q.Model.Stack, &w.model); err != nil {
		return w, fmt.Errorf("model of %s: %w", q.Name, err)
	}
	if w.model.Name != q.Name || w.model.Version != stack.Version {
		return w, fmt.Errorf("model of %s: it is of %q, and of version %d: want version %d", q.Name, w.model.Name, w.model.Version, stack.Version)
	}
	w.configs, w.secrets = q.Model.Configs, map[string]compose.Secret{}
	for key, value := range q.Model.Secrets {
		w.secrets[key] = compose.Secret(value)
	}
	for _, name := range sortedKeys(w.model.Services) {
		if w.model.Services[name].Build != nil {
			return w, fmt.Errorf("model of %s: service %s: build: what is to be built was not", q.Name, name)
		}
	}
	return w, nil
}

// nothing is the model of a stack that is to go.
func nothing(name string) stack.Stack {
	return stack.Stack{Version: stack.Version, Name: name, Services: map[string]stack.Service{}}
}

// load reads the stack that q asks for. wants are files that are needed for that,
// and that q does not have.
func load(ctx context.Context, q control.StackRequest, key []byte) (r compose.Result, wants []string, err error) {
	in := compose.Input{
		Name: q.Name, Files: q.Compose, Read: reader(q.Files), Env: q.Env, Profiles: q.Profiles, Scale: q.Scale, Key: key, BuiltAs: builtAs,
		Configs: map[string][]byte{}, Secrets: map[string]compose.Secret{},
	}
	for name, value := range q.Configs {
		in.Configs[name] = []byte(value)
	}
	for name, value := range q.Secrets {
		in.Secrets[name] = compose.Secret(value)
	}
	r, err = compose.Load(ctx, in)
	var missing *compose.Missing
	if errors.As(err, &missing) {
		return r, slices.Sorted(slices.Values(missing.Names)), nil
	}
	return r, nil, err
}

// reader reads files that were sent.
func reader(files map[string]control.StackFile) compose.Reader {
	return func(name string) ([]byte, error) {
		f, sent := files[name]
		switch {
		case !sent:
			return nil, compose.ErrUnsent
		case f.Folder:
			return nil, compose.ErrFolder
		case f.Absent:
			return nil, fs.ErrNotExist
		case f.Error != "":
			return nil, fmt.Errorf("%s: %s", name, f.Error)
		}
		return f.Data, nil
	}
}
