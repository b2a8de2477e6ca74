package main

import (
	"context"
	"fmt"

	"rundock/internal/container"
	"rundock/supervisor"
)

// Names that a service's containers may have: its own, the next one while it
// is made, and a trial creation.
func containerNames(service string) []string {
	return []string{service, service + supervisor.NextSuffix, service + supervisor.TrialSuffix}
}

// foreign is an error where s, found under the name of service, is another's:
// it must not be lost.
func foreign(s container.State, service string) error {
	if s.Exists && s.Labels[container.LabelService] != service {
		return fmt.Errorf("a container named %s is there that rundock did not make: rename or remove it", service)
	}
	return nil
}

// hasOwn reports whether there is a container named name that is of service.
func hasOwn(ctx context.Context, docker *container.Client, name, service string) (there bool, err error) {
	s, err := docker.Inspect(ctx, name)
	return err == nil && s.Exists && s.Labels[container.LabelService] == service, err
}

// removeOwn removes the container named name if it is of service. there says
// whether it was, also where it could not be removed.
func removeOwn(ctx context.Context, docker *container.Client, name, service string) (there bool, err error) {
	s, err := docker.Inspect(ctx, name)
	if err != nil || !s.Exists || s.Labels[container.LabelService] != service {
		return false, err
	}
	if s.Running {
		if err := docker.Stop(ctx, s.ID, s.StopTimeout); err != nil {
			return true, err
		}
	}
	return true, docker.Remove(ctx, s.ID)
}
