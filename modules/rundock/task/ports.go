package task

import (
	"rundock/internal/spec"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// Published is what the service publishes on the host as it is installed, and what it
// will as w, at these addresses.
func (t *Task) Published(w plan.Wanted, addresses map[string]string) (has, gets spec.Container) {
	old, _ := supervisor.ReadPublic(t.service.Unit.Dir) // what cannot be read leaves nothing
	return publishedContainer(old, addresses), publishedContainer(w.Service, addresses)
}

// publishedContainer is the container of s with the host's addresses filled in; the
// zero if it publishes nothing.
func publishedContainer(s supervisor.Service, vars map[string]string) spec.Container {
	if s.Container.Network == "host" {
		return spec.Container{}
	}
	return s.Container.Expand(vars)
}

// Addresses are the variables that ports can be published at.
func (t *Task) Addresses() map[string]string {
	vars := map[string]string{}
	if a, err := t.config.PrivateAddress(); err == nil {
		vars["PRIVATE_IP"] = a.String()
	}
	if a, err := t.config.PublicAddress(); err == nil {
		vars["PUBLIC_IP"] = a.String()
	}
	return vars
}
