package servicecontainer

import (
	"context"
	"fmt"

	"rundock/internal/container"
	"rundock/supervisor"
)

// Names that a service's containers may have: its own, the next one while it
// is made, and a trial creation.
func Names(service string) []string {
	return []string{service, service + supervisor.NextSuffix, service + supervisor.TrialSuffix}
}

// CheckOwner is an error where s, found under the name of service, is another's:
// it must not be lost.
func CheckOwner(s container.State, service string) error {
	if s.Exists && s.Labels[container.LabelService] != service {
		return fmt.Errorf("a container named %s is there that rundock did not make: rename or remove it", service)
	}
	return nil
}

// HasOwn reports whether there is a container named name that is of service.
func HasOwn(ctx context.Context, docker *container.Client, name, service string) (there bool, err error) {
	s, err := docker.Inspect(ctx, name)
	return err == nil && s.Exists && s.Labels[container.LabelService] == service, err
}

// RemoveOwn removes the container named name if it is of service. there says
// whether it was, also where it could not be removed.
func RemoveOwn(ctx context.Context, docker *container.Client, name, service string) (there bool, err error) {
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
