package compose

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// topLevel are the keys of a file of today; a service of a v1 file that is
// called like one of them is told by what it has.
var topLevel = []string{"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"}

// isV1 reports whether root is a file of the first version, whose top level is
// its services: it has no version and none of services, networks, volumes; or
// version is a service.
//
// Source: docker/compose 1.29.2, compose/config/config.py. What has been added
// to the top level since (include, name, models, secrets, configs) makes no v1
// file of one that has nothing else.
func isV1(root *yaml.Node) bool {
	if v := at(root, "version"); v != nil {
		return v.Kind == yaml.MappingNode
	}
	for _, key := range []string{"services", "networks", "volumes"} {
		if at(root, key) != nil {
			return false
		}
	}
	v1 := false
	entries(root, func(k, v *yaml.Node) {
		switch {
		case strings.HasPrefix(k.Value, "x-"):
		case !slices.Contains(topLevel, k.Value):
			v1 = true
		case at(v, "image") != nil, at(v, "build") != nil, at(v, "extends") != nil:
			v1 = true
		}
	})
	return v1
}

// rewriteV1 makes a file of today of one of the first version. In place of its
// links it has a network that all of its services are in. names are the
// services of the file and of those that it is read with.
func rewriteV1(root *yaml.Node, names map[string]bool) *yaml.Node {
	out, services, volumes := mapping(root.Line), mapping(root.Line), mapping(root.Line)
	entries(root, func(k, v *yaml.Node) {
		if strings.HasPrefix(k.Value, "x-") {
			out.Content = append(out.Content, k, v)
			return
		}
		services.Content = append(services.Content, k, v)
	})
	entries(services, func(_, s *yaml.Node) {
		if s.Kind == yaml.MappingNode {
			rewriteServiceV1(s, names)
			declareVolumes(s, volumes)
		}
	})
	put(out, "services", services)
	if len(volumes.Content) > 0 {
		put(out, "volumes", volumes)
	}
	return out
}

// rewriteServiceV1 gives a service's keys the names and forms of today.
func rewriteServiceV1(s *yaml.Node, names map[string]bool) {
	if net := take(s, "net"); net != nil {
		if other, ok := strings.CutPrefix(net.Value, "container:"); ok && names[other] {
			net = text("service:"+other, net.Line)
		}
		put(s, "network_mode", net)
	}
	if file := take(s, "dockerfile"); file != nil {
		build := at(s, "build")
		if build == nil || build.Kind == yaml.ScalarNode {
			long := mapping(file.Line)
			if build != nil {
				put(long, "context", build)
			}
			build = long
			put(s, "build", build)
		}
		put(build, "dockerfile", file)
	}
	driver, options := take(s, "log_driver"), take(s, "log_opt")
	if driver != nil || options != nil {
		logging := mapping(s.Line)
		if driver != nil {
			put(logging, "driver", driver)
		}
		if options != nil {
			put(logging, "options", options)
		}
		put(s, "logging", logging)
	}
	for _, key := range []string{"links", "external_links", "volumes_from"} {
		if v := at(s, key); isText(v) {
			put(s, key, sequence(v.Line, text(v.Value, v.Line)))
		}
	}
	if from := at(s, "volumes_from"); from != nil {
		for _, item := range from.Content {
			if name, _, _ := strings.Cut(item.Value, ":"); item.Kind == yaml.ScalarNode && !names[name] && name != "container" {
				item.Value = "container:" + item.Value
			}
		}
	}
}

// declareVolumes adds to volumes the named ones that service s mounts: a v1
// file does not declare them.
func declareVolumes(s, volumes *yaml.Node) {
	list := at(s, "volumes")
	if list == nil || list.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range list.Content {
		name, _, mounted := strings.Cut(item.Value, ":")
		if item.Kind == yaml.ScalarNode && mounted && isVolumeName(name) && at(volumes, name) == nil {
			put(volumes, name, mapping(item.Line))
		}
	}
}

// isVolumeName reports whether the source of a volume is no path, and holds no
// variable.
func isVolumeName(source string) bool {
	return source != "" && !strings.ContainsAny(source[:1], "./~") && !strings.ContainsAny(source, `/\$`)
}
