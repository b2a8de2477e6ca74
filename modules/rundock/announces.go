package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/module"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// announceOptions are those of an entry of announces.
var announceOptions = []ansible.Param{
	{Name: "port", Type: ansible.Int, Required: true, Description: []string{
		"Port that others connect to, as I(announce) is in the short form.",
	}},
	{Name: "container_port", Type: ansible.Int, Description: []string{
		"Port that listens in the container, as I(port) is in the short form; the same unless given.",
	}},
	{Name: "name", Description: []string{
		"Name of the port: up to 62 of C(a-z 0-9 -). The first announcement has none, each further one has its own.",
	}},
	{Name: "protocol", Choices: []string{"tcp", "udp"}, Description: []string{"C(tcp) unless given."}},
	{Name: "as", Choices: []string{"public", "private", "container"}, Description: []string{
		"Address that is announced, as I(announce_as) says; C(private) unless given.",
	}},
	{Name: "network", Description: []string{
		"With C(container), the network whose address it is; the container's first by name unless given.",
	}},
	{Name: "priority", Type: ansible.Int, Description: []string{"Priority of the SRV record, 1 to 65535; 10 unless given."}},
	{Name: "weight", Type: ansible.Int, Description: []string{"Weight of the SRV record, 1 to 65535; 100 unless given."}},
	{Name: "lease", Type: ansible.Int, Description: []string{
		"Seconds that the record outlives its announcer, 5 to 86400; 15 unless given. Its TTL in DNS is a third of it.",
	}},
	{Name: "tags", Type: ansible.List, Elements: ansible.Str, Description: []string{"Words for templates, in the record."}},
	{Name: "meta", Type: ansible.Dict, Values: ansible.Str, Description: []string{"Names and values for templates, in the record."}},
	{Name: "check", Type: ansible.Dict, Description: []string{
		"How its health is found out. Unless given, by the container's HEALTHCHECK if it has one, or else by connecting; a UDP port then is as well as its container.",
	}, Options: []ansible.Param{
		{Name: "type", Required: true, Choices: []string{"docker", "tcp", "http", "exec"}, Description: []string{
			"C(docker): the container's HEALTHCHECK. C(tcp): connecting succeeds. C(http): GET is answered with a status of 200 to 399. C(exec): a command on the host exits with 0.",
		}},
		{Name: "path", Description: []string{"Of C(http); C(/) unless given."}},
		{Name: "command", Type: ansible.List, Elements: ansible.Str, Description: []string{
			"Of C(exec): program and arguments. No shell reads them.",
		}},
		{Name: "port", Type: ansible.Int, Description: []string{
			"Of C(tcp) and C(http): another port of the container than the one that is announced.",
		}},
		{Name: "interval", Number: true, Description: []string{"Time between two checks, such as C(500ms) or C(10s); C(1s) unless given. Up to the first success they are made every 100 ms."}},
		{Name: "timeout", Number: true, Description: []string{"Time that a check may take; C(1s) unless given."}},
		{Name: "rise", Type: ansible.Int, Description: []string{"Successes in a row before it is announced, 1 to 1000; 1 unless given."}},
		{Name: "fall", Type: ansible.Int, Description: []string{"Failures in a row before it is withdrawn, 1 to 1000; 3 unless given."}},
	}},
}

// announceParams is an entry of announces as given.
type announceParams struct {
	Port          int               `json:"port"`
	ContainerPort *int              `json:"container_port"`
	Name          string            `json:"name"`
	Protocol      string            `json:"protocol"`
	As            string            `json:"as"`
	Network       *string           `json:"network"`
	Priority      *int              `json:"priority"`
	Weight        *int              `json:"weight"`
	Lease         *int              `json:"lease"`
	Tags          []string          `json:"tags"`
	Meta          map[string]string `json:"meta"`
	Check         *checkParams      `json:"check"`
}

// checkParams is announceParams' check.
type checkParams struct {
	Type     string   `json:"type"`
	Path     *string  `json:"path"`
	Command  []string `json:"command"`
	Port     *int     `json:"port"`
	Interval *string  `json:"interval"`
	Timeout  *string  `json:"timeout"`
	Rise     *int     `json:"rise"`
	Fall     *int     `json:"fall"`
}

// announced reports whether p has a sidecar.
func (p params) announced() bool { return p.Announce != nil || len(p.Announces) > 0 }

// announcements are those that p asks for, in the short form or the long one,
// without what is a default.
func (p params) announcements() []supervisor.Announcement {
	if p.Announce != nil {
		a := supervisor.Announcement{Port: *p.Announce, As: unless(p.AnnounceAs, "private")}
		if p.Port != nil {
			a.ContainerPort = unless(*p.Port, *p.Announce)
		}
		return []supervisor.Announcement{a}
	}
	var list []supervisor.Announcement
	for _, g := range p.Announces {
		a := supervisor.Announcement{
			Name: g.Name, Port: g.Port, ContainerPort: unless(value(g.ContainerPort), g.Port),
			Protocol: unless(g.Protocol, "tcp"), As: unless(g.As, "private"), Network: value(g.Network),
			Priority: unless(value(g.Priority), supervisor.DefaultPriority), Weight: unless(value(g.Weight), supervisor.DefaultWeight),
			Lease: unless(value(g.Lease), supervisor.DefaultLease), Tags: g.Tags, Meta: g.Meta,
		}
		if c := g.Check; c != nil {
			a.Check = &supervisor.Check{
				Type: c.Type, Path: unless(value(c.Path), "/"), Command: c.Command, Port: value(c.Port),
				Interval: unless(canonical(c.Interval), "1s"), Timeout: unless(canonical(c.Timeout), "1s"),
				Rise: unless(value(c.Rise), 1), Fall: unless(value(c.Fall), 3),
			}
		}
		list = append(list, a)
	}
	return list
}

// canonical is a duration as Go writes it, so that 60s and 1m are the same.
func canonical(text *string) string {
	d, err := time.ParseDuration(value(text))
	if err != nil {
		return ""
	}
	return d.String()
}

// announceLabel names the parameter that an announcement comes from.
func (p params) announceLabel(i int) string {
	if p.Announce != nil {
		return "announce"
	}
	return fmt.Sprintf("announces[%d].port", i)
}

// checkAnnounces refuses announcements that no host can make anything of.
func (p params) checkAnnounces() error {
	if p.announced() {
		if err := checkLabel(p.Name); err != nil {
			return err
		}
	}
	names, ports := map[string]int{}, map[string]int{}
	for i, a := range p.Announces {
		at := fmt.Sprintf("announces[%d]", i)
		if err := a.check(at, i == 0, p.Image != nil); err != nil {
			return err
		}
		if first, ok := names[a.Name]; ok {
			return fmt.Errorf("value of %s.name must be another than that of announces[%d], got: %s", at, first, a.Name)
		}
		names[a.Name] = i
		as, protocol := orElse(a.As, "private"), orElse(a.Protocol, "tcp")
		key := fmt.Sprintf("%s %s %d", as, protocol, a.Port)
		if first, ok := ports[key]; ok {
			return fmt.Errorf("value of %s.port must be another than that of announces[%d], which is announced as %s by %s too, got: %d", at, first, as, protocol, a.Port)
		}
		ports[key] = i
	}
	return nil
}

// longestLease is a day; one that is longer keeps what is gone in DNS.
const longestLease = day

// check refuses what an announcement cannot be. at names it in errors.
func (a announceParams) check(at string, first, contained bool) error {
	for _, n := range []bounded{
		{"port", &a.Port, 1, 65535},
		{"container_port", a.ContainerPort, 1, 65535},
		{"priority", a.Priority, 1, 65535},
		{"weight", a.Weight, 1, 65535},
		{"lease", a.Lease, supervisor.MinimumLease, longestLease},
	} {
		if err := n.check(at + "."); err != nil {
			return err
		}
	}
	switch {
	case first && a.Name != "":
		return fmt.Errorf("value of %s.name must be left out: the first announcement is the service's own, got: %s", at, a.Name)
	case !first && a.Name == "":
		return fmt.Errorf("missing required arguments: name found in %s: only the first announcement has none", at)
	case !first && (len(a.Name) > 62 || strings.Trim(a.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(a.Name, "-") || strings.HasSuffix(a.Name, "-")):
		return fmt.Errorf("value of %s.name must be up to 62 of a-z, 0-9 and -, neither the first nor the last a -, got: %q", at, a.Name)
	case a.As == "container" && !contained:
		return fmt.Errorf("missing parameter(s) required by '%s.as=container': image", at)
	case a.Network != nil && a.As != "container":
		return fmt.Errorf("missing parameter(s) required by '%s.network': as=container", at)
	case a.Network != nil && *a.Network == "":
		return fmt.Errorf("value of %s.network must be the name of a network, got: %q", at, *a.Network)
	case slices.Contains(a.Tags, ""):
		return fmt.Errorf("value of %s.tags must be words, got an empty one", at)
	}
	if _, ok := a.Meta[""]; ok {
		return fmt.Errorf("value of %s.meta must have a name for each value, got an empty one", at)
	}
	if a.Check == nil {
		return nil
	}
	return a.Check.check(at+".check", contained)
}

// check refuses what a health check cannot be.
func (c checkParams) check(at string, contained bool) error {
	for _, o := range []struct {
		name  string
		given bool
		types string // that take it
	}{
		{"path", c.Path != nil, "http"},
		{"command", c.Command != nil, "exec"},
		{"port", c.Port != nil, "tcp http"},
		{"interval", c.Interval != nil, "tcp http exec"},
		{"timeout", c.Timeout != nil, "tcp http exec"},
		{"rise", c.Rise != nil, "tcp http exec"},
		{"fall", c.Fall != nil, "tcp http exec"},
	} {
		if types := strings.Fields(o.types); o.given && !slices.Contains(types, c.Type) {
			return fmt.Errorf("value of %s.type must be one of: %s where %s is given, got: %s", at, strings.Join(types, ", "), o.name, c.Type)
		}
	}
	for _, n := range []bounded{{"port", c.Port, 1, 65535}, {"rise", c.Rise, 1, 1000}, {"fall", c.Fall, 1, 1000}} {
		if err := n.check(at + "."); err != nil {
			return err
		}
	}
	for _, d := range []struct {
		name string
		text *string
	}{{"interval", c.Interval}, {"timeout", c.Timeout}} {
		if d.text == nil {
			continue
		}
		if v, err := time.ParseDuration(*d.text); err != nil || v < 10*time.Millisecond || v > day*time.Second {
			return fmt.Errorf("value of %s.%s must be a duration such as 500ms, 10s or 1m30s, from 10ms to 24h, got: %q", at, d.name, *d.text)
		}
	}
	switch {
	case c.Type == "docker" && !contained:
		return fmt.Errorf("missing parameter(s) required by '%s.type=docker': image", at)
	case c.Path != nil && (!strings.HasPrefix(*c.Path, "/") || strings.ContainsFunc(*c.Path, func(r rune) bool { return r <= ' ' || r == 0x7f })):
		return fmt.Errorf("value of %s.path must begin with a slash and hold no space, got: %q", at, *c.Path)
	case c.Type == "exec" && (len(c.Command) == 0 || c.Command[0] == ""):
		return fmt.Errorf("missing parameter(s) required by '%s.type=exec': command", at)
	}
	return nil
}

// reachable refuses an announcement that leads to nothing, or to another port
// of c than the one that its health is judged by. label names it in errors.
func reachable(c spec.Container, a supervisor.Announcement, label string) error {
	if c.Network == "none" {
		return fmt.Errorf("%s=%d: the container is in network none, where nothing can reach it", label, a.Port)
	}
	if a.As == "container" || c.Network == "host" {
		return nil
	}
	inside := a.ContainerPort
	if inside == 0 {
		inside = a.Port
	}
	published, ok := c.Published(a.As, a.Port, a.Protocol)
	if ok && published != inside {
		option := "port"
		if label != "announce" {
			option = "container_port"
		}
		return fmt.Errorf("%s=%d: it is published as port %d of the container, but %s is %d: make them equal", label, a.Port, published, option, inside)
	}
	return nil
}

// bounded is a number and what it may be; nil is not given.
type bounded struct {
	name      string
	value     *int
	low, high int
}

func (b bounded) check(prefix string) error {
	if b.value != nil && (*b.value < b.low || *b.value > b.high) {
		return fmt.Errorf("value of %s%s must be between %d and %d, got: %d", prefix, b.name, b.low, b.high, *b.value)
	}
	return nil
}

// clone is another pointer to what p points to.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// value is what p points to, or its zero.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func orElse(s, otherwise string) string { return module.Choose(s != "", s, otherwise) }
