package servicecontainer

import (
	"context"
	"fmt"
	"slices"

	"rundock/internal/container"
	"rundock/supervisor"
)

// Names that a service's containers may have: its own, the next one while it
// is made, and a trial creation.
func Names(service string) []string {
	return []string{service, service + supervisor.NextSuffix, service + supervisor.TrialSuffix}
}

// Find returns the container of service: the one that has its name, or else one
// of its own that somebody has renamed. Where there is none it returns whatever
// has the name, which is another's.
func Find(ctx context.Context, docker *container.Client, service string) (container.State, error) {
	s, err := docker.Inspect(ctx, service)
	if err != nil || s.Labels[container.LabelService] == service {
		return s, err
	}
	all, err := docker.OfService(ctx, service)
	if renamed, found := renamedOf(all, service); found {
		return renamed, err
	}
	return s, err
}

// renamedOf returns which of the containers of service is the one that should
// have its name: not one that is being made beside it, and rather one that
// runs.
func renamedOf(all []container.State, service string) (found container.State, ok bool) {
	beside := Names(service)[1:]
	for _, s := range all {
		if !slices.Contains(beside, s.Name) && (!ok || s.Running && !found.Running) {
			found, ok = s, true
		}
	}
	return found, ok
}

// CheckOwner is an error where s, found under the name of service, is another's:
// it must not be lost.
func CheckOwner(s container.State, service string) error {
	if s.Exists && s.Labels[container.LabelService] != service {
		return fmt.Errorf("a container named %s is there that rundock did not make: rename or remove it", service)
	}
	return nil
}

// All returns the containers of service: its own, those that are made beside it,
// and any of them that somebody has renamed.
func All(ctx context.Context, docker *container.Client, service string) (all []container.State, err error) {
	for _, name := range Names(service) {
		s, err := docker.Inspect(ctx, name)
		if err != nil {
			return nil, err
		}
		if s.Labels[container.LabelService] == service {
			all = append(all, s)
		}
	}
	labelled, err := docker.OfService(ctx, service)
	for _, s := range labelled {
		if !slices.ContainsFunc(all, func(has container.State) bool { return has.ID == s.ID }) {
			all = append(all, s)
		}
	}
	return all, err
}

// RemoveOwn removes the container named name if it is of service.
func RemoveOwn(ctx context.Context, docker *container.Client, name, service string) error {
	s, err := docker.Inspect(ctx, name)
	if err != nil || s.Labels[container.LabelService] != service {
		return err
	}
	return Remove(ctx, docker, s)
}

// Remove stops s in its own time, and removes it.
func Remove(ctx context.Context, docker *container.Client, s container.State) error {
	if s.Running {
		if err := docker.Stop(ctx, s.ID, s.StopTimeout); err != nil {
			return err
		}
	}
	return docker.Remove(ctx, s.ID)
}
