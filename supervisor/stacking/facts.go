package stacking

import (
	"encoding/json"
	"fmt"
	"slices"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/internal/stack/place"
)

// facts are what `rundockd facts --json` says of a host, as far as placement needs it.
type facts struct {
	Groups   []string          `json:"groups"`
	Labels   map[string]string `json:"labels"`
	Arch     string            `json:"arch"`
	Private  string            `json:"private_address"`
	Public   string            `json:"public_address"`
	Drained  *control.Drain    `json:"drained"`
	Unknown  []string          `json:"unknown"`
	Capacity struct {
		CPUs   int   `json:"cpus"`
		Memory int64 `json:"memory"`
	} `json:"capacity"`
	Services       []serviceFacts          `json:"services"`
	Volumes        []string                `json:"volumes"`
	DockerNetworks []container.HostNetwork `json:"docker_networks"` // nil: not known
	Images         []struct {
		Names []string `json:"names"`
	} `json:"images"`
}

type serviceFacts struct {
	Name              string            `json:"name"`
	Enabled           bool              `json:"enabled"`
	Masked            bool              `json:"held"`
	Stack             string            `json:"stack"`
	Slot              string            `json:"slot"`
	State             string            `json:"state"`
	Image             string            `json:"image"`
	CPUs              float64           `json:"cpus"`
	Memory            int64             `json:"memory"`
	MemoryReservation int64             `json:"memory_reservation"`
	Labels            map[string]string `json:"labels"`
	Volumes           []string          `json:"volumes"`
	Networks          []string          `json:"networks"`
	Ports             []struct {
		Address  string `json:"address"`
		Port     int    `json:"port"`
		Protocol string `json:"protocol"`
	} `json:"ports"`
}

// readFacts reads what a call says of the site's hosts; nil is one that cannot be reached.
func readFacts(given map[string]json.RawMessage) (map[string]*facts, error) {
	all := map[string]*facts{}
	for _, name := range sortedKeys(given) {
		var f *facts // which null leaves nil
		if raw := given[name]; len(raw) > 0 {
			if err := json.Unmarshal(raw, &f); err != nil {
				return nil, fmt.Errorf("facts of %s: %w", name, err)
			}
		}
		all[name] = f
	}
	return all, nil
}

// hosts are the site's hosts as placement takes them, sorted.
func hosts(told map[string]*facts, of string) (all []place.Host) {
	for _, name := range sortedKeys(told) {
		f := told[name]
		if f == nil {
			all = append(all, place.Host{Name: name, State: place.Unreachable})
			continue
		}
		all = append(all, f.host(name, of))
	}
	return all
}

// host is f for the placement of a stack, whose own services count for nothing.
func (f facts) host(name, of string) place.Host {
	h := place.Host{
		Name: name, Address: f.Private, Public: f.Public, Labels: f.Labels, Groups: f.Groups, Arch: f.Arch,
		CPU: f.Capacity.CPUs * 1000, Memory: f.Capacity.Memory, Volumes: slices.Clone(f.Volumes),
	}
	if f.Drained != nil {
		h.State = place.Drained
	}
	if f.DockerNetworks != nil {
		h.Networks = []string{}
	}
	for _, n := range f.DockerNetworks {
		h.Networks = append(h.Networks, n.Name)
	}
	for _, i := range f.Images {
		h.Images = append(h.Images, i.Names...)
	}
	for _, s := range f.Services {
		h.Volumes = append(h.Volumes, s.Volumes...)
		if s.Stack != of {
			s.use(&h.Used)
		}
	}
	slices.Sort(h.Volumes)
	h.Volumes = slices.Compact(h.Volumes)
	return h
}

// use adds what a service takes of its host.
func (s serviceFacts) use(u *place.Used) {
	if s.Image != "" {
		u.Containers = append(u.Containers, place.Container{Name: s.Name, Image: s.Image, Labels: s.Labels})
	}
	if !s.Enabled {
		return
	}
	memory := s.MemoryReservation
	if memory == 0 {
		memory = s.Memory
	}
	u.CPU, u.Memory = u.CPU+int(s.CPUs*1000), u.Memory+memory
	for _, p := range s.Ports {
		port := stack.Port{IP: p.Address, First: p.Port, Protocol: p.Protocol}
		if port.IP == "0.0.0.0" || port.IP == "::" {
			port.IP = ""
		}
		u.Ports = append(u.Ports, port)
	}
}
