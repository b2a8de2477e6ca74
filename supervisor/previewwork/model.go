package previewwork

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"rundock/internal/container"
	"rundock/internal/preview/manifest"
	"rundock/internal/stack"
)

// settingsLabel is a label of a preview's containers: the revision of its settings, whose values
// no release has. So other settings are another release.
const settingsLabel = "preview.settings"

// reserved is set aside for a service of a preview, in bytes: as good as none.
const reserved = 8 << 20

// monitor is how long all that was changed must stay well.
const monitor = "2s"

// nameAtMost is how long a service's name may be as a DNS label.
const nameAtMost = 63

// runnable is a preview's stack as it runs beside the one before it. A service without data of
// its own is called by what it is made of: web-3f9a1c, with web as an alias. So another one of it is
// another service, which is started beside the old one, takes over its requests, and outlives it. One
// with a volume, in a pod, or that runs once keeps its name, and is replaced where it stands.
// names are all services by what they were called.
func runnable(m stack.Stack, revision string) (out stack.Stack, names map[string]string) {
	out = m
	out.Services = map[string]stack.Service{}
	names = map[string]string{}
	joined := podsOf(m)
	for name, def := range m.Services {
		def = modest(def, revision)
		names[name] = name
		if called := name + "-" + digest(m, def); !def.Job && len(def.Volumes) == 0 && !joined[name] && len(called) <= nameAtMost {
			names[name] = called
			def = aliased(def, name)
		}
		out.Services[names[name]] = def
	}
	for name, def := range out.Services {
		depends := map[string]stack.Dependency{}
		for other, how := range def.DependsOn {
			depends[names[other]] = how
		}
		if len(depends) > 0 {
			def.DependsOn = depends
			out.Services[name] = def
		}
	}
	return out, names
}

// podsOf are the services that share something with another one.
func podsOf(m stack.Stack) map[string]bool {
	joined := map[string]bool{}
	for name, def := range m.Services {
		for _, owner := range def.Pod.Services() {
			joined[name], joined[owner] = true, true
		}
	}
	return joined
}

// modest has a service set nothing aside on its host: previews are many, and most of them idle. Its
// container's own limits stay.
func modest(def stack.Service, revision string) stack.Service {
	def.Resources = stack.Resources{}
	def.Container.MemoryReservation = min(reserved, def.Container.Memory)
	def.Reschedule = false // no other host has a standby
	def.Update = stack.Update{Parallelism: -1, Monitor: monitor}
	def.Container.Labels = maps.Clone(def.Container.Labels)
	if def.Container.Labels == nil {
		def.Container.Labels = map[string]string{}
	}
	def.Container.Labels[settingsLabel] = revision
	return def
}

// aliased has a service be found as name in each of its networks.
func aliased(def stack.Service, name string) stack.Service {
	def.Networks = maps.Clone(def.Networks)
	for key, in := range def.Networks {
		if !slices.Contains(in.Aliases, name) {
			in.Aliases = append(slices.Clone(in.Aliases), name)
			slices.Sort(in.Aliases)
		}
		def.Networks[key] = in
	}
	return def
}

// digest tells apart what a service is made of, in six digits. What it waits for at its start is
// none of that.
func digest(m stack.Stack, def stack.Service) string {
	def.DependsOn = nil
	files := map[string]string{}
	for _, use := range def.Configs {
		files["config "+use.Source] = m.Configs[use.Source].Hash
	}
	for _, use := range def.Secrets {
		files["secret "+use.Source] = m.Secrets[use.Source].Hash
	}
	data, err := json.Marshal(struct {
		Service stack.Service
		Files   map[string]string
	}{def, files})
	if err != nil {
		panic(err) // texts and numbers
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:3])
}

// publish has the services that take requests listen on ports of the host, which any router can
// dial; port gives one for a service, by its name and its own port. reached are the routes' ports of the host.
func publish(m stack.Stack, routes map[string]manifest.Route, names map[string]string, port func(service string, inner int) (int, error)) (out stack.Stack, reached map[string]int, err error) {
	out, reached = m, map[string]int{}
	out.Services = maps.Clone(m.Services)
	for _, label := range slices.Sorted(maps.Keys(routes)) {
		r := routes[label]
		name := names[r.Service]
		def := out.Services[name]
		at := slices.IndexFunc(def.Ports, func(p stack.Port) bool { return p.Container == r.Port })
		if at < 0 {
			number, err := port(name, r.Port)
			if err != nil {
				return out, nil, err
			}
			at = len(def.Ports)
			def.Ports = append(slices.Clone(def.Ports), stack.Port{IP: "$PRIVATE_IP", First: number, Container: r.Port})
			out.Services[name] = def
		}
		reached[label] = def.Ports[at].First
	}
	return out, reached, nil
}

// unreachable says why requests cannot come to a service; "": they can.
func unreachable(m stack.Stack, routes map[string]manifest.Route) string {
	for _, label := range slices.Sorted(maps.Keys(routes)) {
		service := routes[label].Service
		inside := 0
		for key := range m.Services[service].Networks {
			if m.Networks[key].Internal {
				inside++
			}
		}
		if inside == len(m.Services[service].Networks) {
			return "service " + service + " takes requests, and is in internal networks alone: give it one more, as default"
		}
	}
	return ""
}

// closed says which service has an image that it is not to have; "": none has. Such are images of
// registries that this host has credentials for, by which it would be pulled, and that are not open to branches.
func closed(m stack.Stack, open []string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(m.Services)) {
		def := m.Services[name]
		if def.Build != nil {
			continue
		}
		registry, known, err := container.KnowsRegistry(def.Container.Image)
		if err != nil {
			return "", fmt.Errorf("service %s: %w", name, err)
		}
		if known && !slices.Contains(open, registry) {
			return fmt.Sprintf("service %s: the image %s is of %s, where this host has a user whose images branches are not to have: rundock_preview_registries names those that they may", name, def.Container.Image, registry), nil
		}
	}
	return "", nil
}

// withEnv has module rundock give a container the settings, which win over what files say. Nobody
// but root can read them on the host.
func withEnv(entry map[string]any, settings map[string]string) {
	if state, _ := entry["state"].(string); state == "absent" || len(settings) == 0 {
		return
	}
	if env, ok := entry["env"].(map[string]any); ok {
		kept := map[string]any{}
		for name, value := range env {
			if _, over := settings[name]; !over {
				kept[name] = value
			}
		}
		entry["env"] = kept
	}
	entry["env_secret"] = settings
}
