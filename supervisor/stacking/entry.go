package stacking

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/control"
	"rundock/internal/spec"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
	"rundock/supervisor"
)

// filesDir is where a host has the configs and secrets of its stacks, a folder each.
const filesDir = "/etc/rundock/stacks"

// labelRelease is a label of a job's container: the number of its release, by which it
// is another container in each release and the same one in each call for that. So a job
// runs once a release, also where a run was killed and the next one finishes it.
const labelRelease = "stack.release"

// instances makes of a release's slots what the hosts' modules take.
type instances struct {
	release release.Release
	domain  string // in which containers look for short names: s.prod.example.com, below which the stack's own is
	timeout int    // seconds to become well
}

// service are the arguments of module rundock for a slot on a host of that role.
func (i instances) service(slot stack.Slot, role string) map[string]any {
	name := slot.Container(i.release.Model.Name)
	def := i.release.Model.Services[slot.Service]
	c := i.container(slot, role)
	entry := map[string]any{
		"name": name, "stack": i.release.Model.Name, "slot": slot.String(), "state": "enabled", "image": c.Image, "args": c.Args(), "wait": "healthy", "wait_timeout": i.timeout,
	}
	if i.release.Model.NoStandby(slot.Service) == "" {
		entry["role"] = role
	} else if role == supervisor.Standby {
		entry["state"] = "present" // of a release of before, whose standbys were disabled
	}
	for _, list := range []struct {
		name  string
		words []string
	}{{"entrypoint", c.Entrypoint}, {"command", c.Command}} {
		if list.words != nil {
			entry[list.name] = list.words
		}
	}
	if len(c.Env) > 0 {
		entry["env"] = c.Env
	}
	if def.Job {
		entry["job"], entry["attempts"] = true, def.Restart.Attempts
	} else {
		i.announce(entry, slot)
		if i.release.Order(slot.Service) == release.StartFirst {
			entry["order"] = "start-first"
		}
	}
	if def.Pull != "" {
		entry["pull"] = def.Pull
	}
	if def.StopTimeout != 0 {
		entry["stop_timeout"] = def.StopTimeout
	}
	return entry
}

// announce has the slot found by its service's name and its aliases: at its address in the
// network where those are that ask for it, and in each of several networks at the one there.
// What shares another's network is found there.
func (i instances) announce(entry map[string]any, slot stack.Slot) {
	records := network.Records(i.release.Model, slot)
	if len(records) == 0 || i.release.Model.Services[slot.Service].Pod.Network != "" {
		return
	}
	own := records[0].Network
	at := map[string]any{"as": "private"}
	if own != "" {
		at = map[string]any{"as": "container", "network": i.network(own)}
	}
	entry["announces"] = []map[string]any{at}
	var aliases []string
	for _, r := range records[1:] {
		if r.Network != own || strings.Contains(r.Name, "._") {
			r.Name += "@" + i.network(r.Network)
		}
		aliases = append(aliases, r.Name)
	}
	if len(aliases) > 0 {
		entry["aliases"] = aliases
	}
}

// absent are the arguments for a slot that is to go. Another service of its container's
// name stays, as the module is told which slot is meant.
func (i instances) absent(slot stack.Slot) map[string]any {
	name := i.release.Model.Name
	return map[string]any{"name": slot.Container(name), "stack": name, "slot": slot.String(), "state": "absent"}
}

// container is a slot's on a host of that role: the service's, with what is known of the
// slot alone.
func (i instances) container(slot stack.Slot, role string) spec.Container {
	m := i.release.Model
	def := m.Services[slot.Service]
	c := def.Container
	c.Image = i.release.Image(slot.Service)
	beside := func(service string) string {
		return stack.Slot{Service: service, Number: slot.Number}.Container(m.Name)
	}
	for _, share := range []struct {
		with string
		into *string
	}{{def.Pod.Network, &c.Network}, {def.Pod.IPC, &c.IPC}, {def.Pod.PID, &c.PID}} {
		if share.with != "" {
			*share.into = "container:" + beside(share.with)
		}
	}
	c.VolumesFrom = nil
	for _, from := range def.Pod.VolumesFrom {
		service, mode, has := strings.Cut(from, ":")
		if has {
			mode = ":" + mode
		}
		c.VolumesFrom = append(c.VolumesFrom, beside(service)+mode)
	}
	i.join(&c, slot.Service)
	c.Ports = nil
	taken := i.release.Slots[slot].Ports
	if role == supervisor.Standby {
		taken = i.release.Slots[slot].StandbyPorts
	}
	for _, p := range def.Ports {
		if p.Ranged() && len(taken) > 0 {
			p.First, p.Last, taken = taken[0], 0, taken[1:]
		}
		if p.Container != 0 && c.Network != "host" {
			c.Ports = append(c.Ports, p.String())
		}
	}
	if def.Job {
		c.Labels = maps.Clone(c.Labels)
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[labelRelease] = strconv.Itoa(i.release.Number)
	}
	c.Volumes = slices.Clone(c.Volumes)
	for _, f := range i.uses(def) {
		c.Volumes = append(c.Volumes, f.host+":"+f.Target+":ro")
	}
	return c
}

// join puts a container into its networks, of which the first is the way out.
func (i instances) join(c *spec.Container, service string) {
	def := i.release.Model.Services[service]
	c.Networks = nil
	for n, key := range network.Order(i.release.Model, service) {
		own := def.Networks[key]
		own.Name = i.network(key)
		if n > 0 {
			c.Networks = append(c.Networks, own)
			continue
		}
		c.Network, c.Endpoint = own.Name, nil
		own.Name = ""
		if !isZero(own) {
			c.Endpoint = &own
		}
	}
	if len(def.Networks) > 0 && len(c.DNSSearch) == 0 && i.domain != "" {
		c.DNSSearch = []string{network.Domain(i.release.Model.Name, i.domain)}
	}
}

// network is what Docker calls a network of the stack.
func (i instances) network(key string) string {
	n := i.release.Model.Networks[key]
	if n.External {
		return n.Name
	}
	return network.Name(n.Name)
}

func isZero(n spec.Network) bool {
	return n.IPv4 == "" && n.IPv6 == "" && n.MAC == "" && n.Priority == 0 && len(n.Aliases)+len(n.LinkLocalIPs)+len(n.DriverOptions) == 0
}

// use is a config or secret, and where the host has it.
type use struct {
	stack.Use
	hash   string
	secret bool
	host   string
}

// uses are the files of a service's instances.
func (i instances) uses(def stack.Service) (all []use) {
	m := i.release.Model
	for _, u := range def.Configs {
		all = append(all, use{Use: u, hash: m.Configs[u.Source].Hash})
	}
	for _, u := range def.Secrets {
		all = append(all, use{Use: u, hash: m.Secrets[u.Source].Hash, secret: true})
	}
	for n, u := range all {
		kind := "config"
		if u.secret {
			kind = "secret"
		}
		// Of another content, mode or owner is another file, so that a container that runs keeps its own.
		all[n].host = path.Join(filesDir, m.Name, strings.Join([]string{kind, short(u.hash), u.mode(), orRoot(u.UID), orRoot(u.GID)}, "-"))
	}
	return all
}

func (u use) mode() string {
	if u.Mode == "" {
		return "0444"
	}
	return u.Mode
}

func orRoot(id string) string {
	if id == "" || id == "0" {
		return "root"
	}
	return id
}

// files are those that a slot's host needs. content tells what a config holds.
func (i instances) files(slot stack.Slot, content func(hash string) ([]byte, error)) (all []control.StackHostFile, err error) {
	for _, u := range i.uses(i.release.Model.Services[slot.Service]) {
		f := control.StackHostFile{Path: u.host, Mode: u.mode(), Owner: orRoot(u.UID), Group: orRoot(u.GID)}
		if u.secret {
			f.Secret = secretName(i.release.Number, u.Source)
		} else if f.Content, err = content(u.hash); err != nil {
			return nil, fmt.Errorf("config %s: %w", u.Source, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// secretName names what a secret of a release holds.
func secretName(number int, name string) string { return fmt.Sprintf("%d/%s", number, name) }
