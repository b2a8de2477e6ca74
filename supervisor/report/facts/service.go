package facts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/container"
	"rundock/internal/spec"
	"rundock/supervisor"
	standing "rundock/supervisor/report/service"
)

// serviceOf is a service as its files have it, its container expanded, and as it
// stands.
func serviceOf(s standing.Standing, has supervisor.Service, images []container.Image) (service, error) {
	wanted := has.Container
	out := service{
		Name: s.Name, Colour: has.Announce.Colour, Stack: has.Stack, Slot: has.Slot.String(), Enabled: s.Enabled, Masked: s.Masked, Verdict: s.Verdict, Problem: s.Problem, Next: s.Next,
		Image: wanted.Image, Memory: wanted.Memory, MemoryReservation: wanted.MemoryReservation,
		Networks: []string{}, Ports: []port{}, Volumes: volumesOf(wanted), Labels: maps.Clone(wanted.Labels), Records: []record{},
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	if a := s.Announce; a != nil {
		out.Announced, out.Reason = string(a.State), a.Reason
		out.State, out.Since = out.Announced, a.Since
		for _, r := range a.Records {
			out.Records = append(out.Records, record{r.Name, r.Host, r.Port})
		}
	}
	if r := s.Runner; r != nil {
		out.State, out.Since, out.Reason = string(r.Phase), r.Since, cmp.Or(r.Error, out.Reason)
	}
	if c := s.Container; c != nil {
		out.Container, out.ImageID = c.ID, c.ImageID
		out.Digest = digestOf(c.ImageID, wanted.Image, images)
	}
	for _, n := range wanted.Joined() {
		out.Networks = append(out.Networks, n.Name)
	}
	var err error
	if wanted.CPUs != "" {
		if out.CPUs, err = strconv.ParseFloat(wanted.CPUs, 64); err != nil {
			return out, fmt.Errorf("service %s: cpus %q is no number", s.Name, wanted.CPUs)
		}
	}
	ports, err := container.HostPorts(wanted)
	if err != nil {
		return out, fmt.Errorf("service %s: %w", s.Name, err)
	}
	for _, p := range ports {
		out.Ports = append(out.Ports, port{p.IP.String(), p.Port, p.Proto})
	}
	if wanted.Network == "host" {
		for _, a := range has.Announce.Announces {
			if a.Port != 0 {
				out.Ports = append(out.Ports, port{"0.0.0.0", a.Port, cmp.Or(a.Protocol, "tcp")})
			}
		}
	}
	slices.SortFunc(out.Ports, func(a, b port) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Address, b.Address))
	})
	return out, nil
}

// volumesOf are the volumes of wanted that have a name, sorted: what they hold is
// on this host alone.
func volumesOf(wanted spec.Container) []string {
	names := []string{}
	for _, v := range wanted.Volumes {
		if source, _, ok := strings.Cut(v, ":"); ok && !strings.HasPrefix(source, "/") {
			names = append(names, source)
		}
	}
	for _, m := range wanted.Mounts {
		if m.Type == "volume" && m.Source != "" {
			names = append(names, m.Source)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// digestOf is by what an image registry knows the image with this id: by the name
// that reference has, or else the first.
func digestOf(id, reference string, images []container.Image) string {
	i := slices.IndexFunc(images, func(i container.Image) bool { return i.ID == id })
	if i < 0 || id == "" {
		return ""
	}
	for _, d := range images[i].Digests {
		name, _, _ := strings.Cut(d, "@")
		if reference == d || strings.HasPrefix(reference, name+":") || reference == name {
			return d
		}
	}
	if len(images[i].Digests) > 0 {
		return images[i].Digests[0]
	}
	return ""
}

// reservedBy is what services may take that are enabled and have a container.
func reservedBy(services []service) (r reserved) {
	for _, s := range services {
		if !s.Enabled || s.Image == "" {
			continue
		}
		r.CPUs += s.CPUs
		r.Memory += s.Memory
		if s.CPUs == 0 {
			r.WithoutCPULimit++
		}
		if s.Memory == 0 {
			r.WithoutMemory++
		}
	}
	return r
}
