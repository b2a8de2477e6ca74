package stacking

import (
	"context"
	"fmt"
	"sync"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
	"rundock/supervisor/report"
)

// resolver says by which digest an image registry knows an image now.
type resolver interface {
	Resolve(ctx context.Context, ref string) (string, error)
}

// images are those of a stack's services by digest. One that the image registry cannot be
// asked for keeps the digest that it had in the release before, or else has none, and a
// note says so. What is never pulled is not asked for, nor what was built: that is known, or
// does not exist yet.
func images(ctx context.Context, docker resolver, m stack.Stack, built map[string]string, before *release.Release) (all map[string]string, notes []string) {
	type found struct {
		ref string
		err error
	}
	asked := map[string]*found{}
	var asking sync.WaitGroup
	for _, name := range sortedKeys(m.Services) {
		def := m.Services[name]
		ref := def.Container.Image
		if _, is := built[name]; is || def.Pull == "never" || asked[ref] != nil {
			continue
		}
		f := &found{}
		asked[ref] = f
		asking.Go(func() { f.ref, f.err = docker.Resolve(ctx, ref) })
	}
	asking.Wait()
	all = map[string]string{}
	for _, name := range sortedKeys(m.Services) {
		ref := m.Services[name].Container.Image
		switch f := asked[ref]; {
		case built[name] != "":
			all[name] = built[name]
		case f == nil || m.Services[name].Pull == "never":
		case f.err == nil:
			all[name] = f.ref
		case before != nil && before.Images[name] != "" && before.Model.Services[name].Container.Image == ref:
			all[name] = before.Images[name]
			notes = append(notes, fmt.Sprintf("service %s: image %s stays the one that it was: %s", name, ref, report.OneLine(f.err.Error())))
		default:
			notes = append(notes, fmt.Sprintf("service %s: image %s is taken by its tag, as each host finds it: %s", name, ref, report.OneLine(f.err.Error())))
		}
	}
	return all, notes
}

// pull has images on this host, before anything is changed.
func pull(ctx context.Context, images []control.StackImage) (a control.StackAnswer, err error) {
	docker, err := container.Open()
	if err != nil {
		return a, err
	}
	for _, i := range images {
		before, err := docker.ImageID(ctx, i.Name)
		if err != nil {
			return a, err
		}
		got, err := docker.Pull(ctx, i.Name, i.Platform, i.Pull)
		if err != nil {
			return a, err
		}
		if got.Warning != "" {
			a.Notes = append(a.Notes, got.Warning)
		}
		if got.Image != before {
			a.Pulled = append(a.Pulled, i.Name)
		}
	}
	return a, nil
}
