package manifest

import (
	"maps"
	"path"
	"slices"
	"strings"

	"rundock/internal/stack"
)

// refuse returns what of a stack a preview may not have.
func refuse(s stack.Stack, limits Limits) (r Refusals) {
	if n := len(s.Services); n > limits.Services {
		r.add("%d services: a preview may have %d", n, limits.Services)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		service := s.Services[name]
		refuseContainer(&r, name, service.Container)
		if service.Build != nil {
			refuseBuild(&r, name, *service.Build)
		}
		if service.Global {
			r.add("service %s: deploy.mode: global is not allowed in a preview: it would be on all hosts", name)
		}
		for _, network := range slices.Sorted(maps.Keys(service.Networks)) {
			if in := service.Networks[network]; len(in.DriverOptions) > 0 {
				r.add("service %s: networks.%s.driver_opts is not allowed in a preview", name, network)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
		if s.Networks[key].External {
			r.add("network %s: external is not allowed in a preview, whose networks are its own", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Volumes)) {
		switch v := s.Volumes[key]; {
		case v.External:
			r.add("volume %s: external is not allowed in a preview, whose volumes are its own", key)
		case v.Driver != "" && v.Driver != "local", len(v.Options) > 0:
			r.add("volume %s: a driver or its options are not allowed in a preview", key)
		}
	}
	return r
}

// refuseBuild adds what of a build is not allowed, or what the builder cannot do.
func refuseBuild(r *Refusals, service string, b stack.Build) {
	for _, in := range []struct{ key, path string }{{"context", b.Context}, {"dockerfile", path.Join(b.Context, b.Dockerfile)}} {
		switch {
		case path.IsAbs(in.path) || path.IsAbs(b.Dockerfile) || in.path == ".." || strings.HasPrefix(in.path, "../"):
			r.add("service %s: build.%s: %s is outside of the branch's files", service, in.key, in.path)
		}
	}
	for _, option := range []struct {
		key   string
		given bool
	}{
		{"extra_hosts", len(b.ExtraHosts) > 0},
		{"network: " + b.Network, b.Network != "" && b.Network != "none" && b.Network != "default"}, {"platforms", len(b.Platforms) > 0},
	} {
		if option.given {
			r.add("service %s: build.%s is not allowed in a preview", service, option.key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Labels)) {
		if strings.HasPrefix(name, "rundock.") {
			r.add("service %s: build.labels: %s is rundock's own", service, name)
		}
	}
}
