package compose

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/nearest"
	"rundock/internal/stack"
)

// serviceName is what a service may be called: in DNS it is a label.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$`)

// link gives services the names by which others know them.
func (p *project) link(services map[string]stack.Service) {
	for _, name := range sortedKeys(services) {
		for i, text := range p.loaded.Services[name].Links {
			target, alias, _ := strings.Cut(text, ":")
			if _, ok := services[target]; !ok || alias == "" || alias == target {
				continue
			}
			key, shared := fmt.Sprintf("links[%d]", i), false
			for network := range services[name].Networks {
				endpoint, ok := services[target].Networks[network]
				if !ok {
					continue
				}
				if shared = true; !slices.Contains(endpoint.Aliases, alias) {
					endpoint.Aliases = append(slices.Clone(endpoint.Aliases), alias)
					slices.Sort(endpoint.Aliases)
					services[target].Networks[network] = endpoint
				}
			}
			if !shared {
				p.failIn(name, key, "%s: no network is of both %s and %s, so that %s cannot stand for it; use the name %s", text, name, target, alias, target)
			}
		}
	}
}

// check finds what is wrong only together.
func (p *project) check(s stack.Stack) {
	switch {
	case len(p.loaded.DisabledServices)+len(s.Services) == 0:
		p.wrong = append(p.wrong, Finding{File: p.in.Files[0], Text: "there is no service in it"})
	case len(s.Services) == 0:
		p.wrong = append(p.wrong, Finding{File: p.in.Files[0], Text: "all its services are of profiles that the call does not have: " + strings.Join(sortedKeys(p.loaded.DisabledServices), ", ")})
	}
	p.checkProfiles()
	p.checkNames(s)
	p.checkScale(s)
	p.checkPods(s)
	p.noteData(s)
	p.checkPorts(s)
}

// checkProfiles holds that each profile of the call is one of a service: else what was meant to run
// would be left out without a word.
func (p *project) checkProfiles() {
	known := map[string]bool{"*": true}
	for _, services := range []types.Services{p.loaded.Services, p.loaded.DisabledServices} {
		for _, def := range services {
			for _, name := range def.Profiles {
				known[name] = true
			}
		}
	}
	for _, name := range p.in.Profiles {
		if known[name] {
			continue
		}
		text := fmt.Sprintf("the call asks for the profile %s, and no service is of it", name)
		if guess := nearest.Of(name, sortedKeys(known)); guess != "" {
			text += fmt.Sprintf("; there is %s", guess)
		}
		p.wrong = append(p.wrong, Finding{File: p.in.Files[0], Text: text})
	}
}

// checkNames holds that each name in a network is one service's.
func (p *project) checkNames(s stack.Stack) {
	lower := map[string]string{}
	for _, name := range sortedKeys(s.Services) {
		if !serviceName.MatchString(name) {
			p.failIn(name, "", "its name cannot be one in DNS: up to 63 letters, digits, - and _, neither the first nor the last - or _")
		}
		if other, ok := lower[strings.ToLower(name)]; ok {
			p.failIn(name, "", "in DNS it has the name of service %s", other)
		}
		lower[strings.ToLower(name)] = name
	}
	for _, name := range sortedKeys(s.Services) {
		for _, network := range sortedKeys(s.Services[name].Networks) {
			for _, alias := range s.Services[name].Networks[network].Aliases {
				other, ok := lower[strings.ToLower(alias)]
				if ok && other != name && hasNetwork(s.Services[other], network) {
					p.failIn(name, "networks."+network, "alias %s is the name of service %s, which is in the network too", alias, other)
				}
			}
		}
	}
}

func hasNetwork(s stack.Service, network string) bool {
	_, ok := s.Networks[network]
	return ok
}

func (p *project) checkScale(s stack.Stack) {
	for _, name := range sortedKeys(p.in.Scale) {
		if _, ok := s.Services[name]; !ok {
			known := strings.Join(sortedKeys(s.Services), ", ")
			p.wrong = append(p.wrong, Finding{Text: fmt.Sprintf("scale: there is no service %s; there are %s", name, known)})
		}
	}
}

// checkPods holds that services which are placed together can be.
func (p *project) checkPods(s stack.Stack) {
	for _, pod := range s.Pods() {
		first := pod[0]
		for _, name := range pod[1:] {
			a, b := s.Services[first], s.Services[name]
			if a.Global != b.Global || a.Replicas != b.Replicas {
				p.failIn(name, p.togetherBy(s, name), "it is on the host of service %s, because of what they share (%s), so that both need as many instances: %s has %s, %s has %s",
					first, p.shareOf(s, pod), first, instances(a), name, instances(b))
			}
		}
	}
}

// noteData says where instances of one service have data of their own.
func (p *project) noteData(s stack.Stack) {
	for _, name := range sortedKeys(s.Services) {
		one := s.Services[name]
		if !one.Global && one.Replicas < 2 {
			continue
		}
		for _, v := range one.Volumes {
			if !s.Volumes[v].Shared {
				p.noteIn(name, "volumes", "of volume %s each host has its own, so that instances on two hosts do not have the same data", v)
			}
		}
	}
}

// noteInherited says of services that are left out by the profile of another
// one, which they extend.
func (p *project) noteInherited() {
	for _, name := range p.inactive() {
		own := false
		for _, part := range p.parts {
			for _, root := range part.file.documents {
				own = own || at(at(at(root, "services"), name), "profiles") != nil
			}
		}
		if !own {
			p.noteIn(name, "extends", "it is left out, as it has the profiles of the service that it extends: %s", strings.Join(p.loaded.DisabledServices[name].Profiles, ", "))
		}
	}
}

func instances(s stack.Service) string {
	if s.Global {
		return "one on each host"
	}
	return fmt.Sprint(s.Replicas)
}

// togetherBy is the key of the service called name by which it is in a pod.
func (p *project) togetherBy(s stack.Stack, name string) string {
	pod := s.Services[name].Pod
	switch {
	case pod.Network != "":
		return "network_mode"
	case pod.IPC != "":
		return "ipc"
	case pod.PID != "":
		return "pid"
	case pod.VolumesFrom != nil:
		return "volumes_from"
	}
	return "volumes"
}

// shareOf is what the services of a pod share.
func (p *project) shareOf(s stack.Stack, pod []string) string {
	what := map[string]bool{}
	users := map[string]int{}
	for _, name := range pod {
		for _, other := range s.Services[name].Pod.Services() {
			what[p.togetherBy(s, name)+" of "+other] = true
		}
		for _, v := range s.Services[name].Volumes {
			if users[v]++; users[v] > 1 && !s.Volumes[v].Shared {
				what["volume "+v] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(what)), ", ")
}

func portOfBoth(a, b stack.Service) (stack.Port, bool) {
	for _, p := range a.Ports {
		for _, q := range b.Ports {
			if p.Collides(q) {
				return q, true
			}
		}
	}
	return stack.Port{}, false
}

// checkPorts finds services that take the same port of a host: what on one
// machine is an error keeps them on different ones.
func (p *project) checkPorts(s stack.Stack) {
	pod := map[string][]string{}
	for _, names := range s.Pods() {
		for _, name := range names {
			pod[name] = names
		}
	}
	names := sortedKeys(s.Services)
	for i, a := range names {
		for _, b := range names[i+1:] {
			c, ok := portOfBoth(s.Services[a], s.Services[b])
			if !ok {
				continue
			}
			f := p.places.finding(b, "ports", fmt.Sprintf("port %s of the host is taken by service %s as well", c, a))
			switch {
			case pod[a][0] == pod[b][0]:
				f.Text += fmt.Sprintf(", which is on the same host because of what they share (%s)", p.shareOf(s, pod[a]))
				p.wrong = append(p.wrong, f)
			case s.Services[a].Global && s.Services[b].Global:
				f.Text += ", and both are on each host"
				p.wrong = append(p.wrong, f)
			default:
				f.Text += ", so that the two are never on one host"
				p.notes = append(p.notes, f)
			}
		}
	}
}
