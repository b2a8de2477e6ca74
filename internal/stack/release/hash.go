package release

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// made is what the container of a service's slots is made of. What only says where
// slots are, how many, and in which order is none of it: that replaces no
// container. Pod has names of services, never an id, so that a new container of
// one is no other spec of those that join it.
type made struct {
	Container   spec.Container          `json:"container"`
	Job         bool                    `json:"job,omitempty"`
	Reschedule  bool                    `json:"reschedule,omitempty"` // it holds a lock while it runs: who has none yet has to be told before a standby is
	StopTimeout int                     `json:"stop_timeout,omitempty"`
	Ports       []stack.Port            `json:"ports,omitempty"`
	Pod         stack.Pod               `json:"pod,omitzero"`
	Endpoints   map[string]spec.Network `json:"endpoints,omitempty"`
	Networks    map[string]madeNetwork  `json:"networks,omitempty"`
	Volumes     map[string]stack.Volume `json:"volumes,omitempty"`
	Configs     []madeFile              `json:"configs,omitempty"`
	Secrets     []madeFile              `json:"secrets,omitempty"`
}

type madeNetwork struct {
	stack.Network
	Given Network `json:"given,omitzero"`
}

type madeFile struct {
	stack.Use
	Hash string `json:"hash"`
}

// Image is a service's by digest, where that is known.
func (r Release) Image(service string) string {
	return cmp.Or(r.Images[service], r.Model.Services[service].Container.Image)
}

// locks reports whether instances of a service hold a lock while they run.
func (r Release) locks(service string) bool { return r.Model.NoStandby(service) == "" }

// made collects it.
func (r Release) made(service string) made {
	def := r.Model.Services[service]
	m := made{Container: def.Container, Job: def.Job, Reschedule: r.locks(service), StopTimeout: def.StopTimeout, Ports: def.Ports, Pod: def.Pod, Endpoints: def.Networks}
	m.Container.Image = r.Image(service)
	m.Networks = make(map[string]madeNetwork, len(def.Networks))
	for key := range def.Networks {
		m.Networks[key] = madeNetwork{r.Model.Networks[key], r.Networks[key]}
	}
	m.Volumes = make(map[string]stack.Volume, len(def.Volumes))
	for _, key := range def.Volumes {
		m.Volumes[key] = r.Model.Volumes[key]
	}
	for _, use := range def.Configs {
		m.Configs = append(m.Configs, madeFile{use, r.Model.Configs[use.Source].Hash})
	}
	for _, use := range def.Secrets {
		m.Secrets = append(m.Secrets, madeFile{use, r.Model.Secrets[use.Source].Hash})
	}
	return m
}

// SpecHash identifies what the containers of a service's slots are made of: another
// one means another container. It has digests of secrets, which are keyed, and none
// of what they hold.
func (r Release) SpecHash(service string) string {
	sum := sha256.Sum256(encode(r.made(service)))
	return hex.EncodeToString(sum[:16])
}

// PlanHash identifies what a release does: the one that check mode shows is the one
// that a run may be bound to. Words are no part of it.
func (r Release) PlanHash() string {
	slots := make(map[stack.Slot]Slot, len(r.Slots))
	for slot, s := range r.Slots {
		s.Why = ""
		slots[slot] = s
	}
	sum := sha256.Sum256(encode([]any{r.From, r.Inputs, r.Model, r.Images, slots, r.Networks, r.Lost, r.Skipped}))
	return hex.EncodeToString(sum[:8])
}
