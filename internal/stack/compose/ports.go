package compose

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// ports are what instances publish, and what they say they listen on.
func (v *servicing) ports() {
	v.setEach("expose", "expose", v.c.Expose)
	if len(v.c.Ports) == 0 {
		return
	}
	if v.s.Pod.Network != "" {
		v.fail("ports", "the network is that of service %s: publish them there", v.s.Pod.Network)
		return
	}
	onHost := v.c.NetworkMode == "host"
	if onHost {
		v.note("ports", "nothing is published with network_mode host: the container listens on the host itself, and its ports are taken there")
	}
	for i, c := range v.c.Ports {
		key := fmt.Sprintf("ports[%d]", i)
		p := stack.Port{IP: c.HostIP, Container: int(c.Target), Protocol: c.Protocol}
		if p.Protocol == "tcp" {
			p.Protocol = ""
		}
		switch {
		case v.c.NetworkMode == "none":
			v.fail(key, "nothing can reach a container in network_mode none")
			return
		case onHost:
			p.IP, p.First, p.Container = "", int(c.Target), 0
		case c.Published == "" || c.Published == "0":
			v.note(key, "%d: no port of the host is given: it is reached by the service's name, and published nowhere", c.Target)
			v.set("expose", "expose", strings.TrimSuffix(fmt.Sprintf("%d/%s", c.Target, p.Protocol), "/"))
			continue
		default:
			first, last, err := portRange(c.Published)
			if err != nil {
				v.fail(key, "%s: %v", c.Published, err)
				continue
			}
			if p.First = first; last != first {
				p.Last = last
			}
		}
		v.addPort(key, p)
	}
}

// portsAtMost is how many ports a service publishes or exposes at most.
const portsAtMost = 1000

// checkRanges refuses ranges of ports that are too long, which compose-go takes
// a minute over.
func (p *project) checkRanges(in part, service string, node *yaml.Node) {
	for _, key := range []string{"ports", "expose"} {
		list, ports := at(node, key), 0
		for _, item := range scalars(list) {
			text, err := substitute(item.Value, in.scope.lookup)
			if err != nil {
				continue
			}
			text, _, _ = strings.Cut(text[strings.LastIndexByte(text, ':')+1:], "/")
			if first, last, err := portRange(text); err == nil {
				ports += last - first + 1
			}
		}
		if ports > portsAtMost {
			p.wrong = append(p.wrong, Finding{File: in.file.name, Line: list.Line, Service: service, Key: key,
				Text: fmt.Sprintf("%d ports: Docker has rules of its own for each, so that at most %d are taken; with network_mode: host none are needed", ports, portsAtMost)})
		}
	}
}

// addPort takes p, unless the service has it already.
func (v *servicing) addPort(key string, p stack.Port) {
	var b spec.Builder
	if p.Container != 0 {
		// What is not one for one is known of a slot alone: its first port stands for it.
		first := p
		first.Last = 0
		if err := b.Set("ports", "publish", first.String()); err != nil {
			v.fail(key, "%s", strings.TrimPrefix(err.Error(), "ports: "))
			return
		}
	}
	for _, other := range v.s.Ports {
		if other == p {
			return
		}
		if other.Collides(p) {
			v.fail(key, "port %s of the host is taken by another port of the service", p)
			return
		}
	}
	v.s.Ports = append(v.s.Ports, p)
}

// portRange reads 80 or 8000-8010.
func portRange(s string) (first, last int, err error) {
	low, high, ranged := strings.Cut(s, "-")
	if first, err = portNumber(low); err != nil || !ranged {
		return first, first, err
	}
	if last, err = portNumber(high); err == nil && last < first {
		err = fmt.Errorf("a range goes up")
	}
	return first, last, err
}

func portNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("a port is a number from 1 to 65535")
	}
	return n, nil
}
