package params

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rundock/internal/announce/defaults"
)

// checkAnnounces refuses announcements that no host can make anything of.
func (p Params) checkAnnounces() error {
	if p.announced() && p.Stack == "" {
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
		as, protocol := cmp.Or(a.As, "private"), cmp.Or(a.Protocol, "tcp")
		key := fmt.Sprintf("%s %s %d", as, protocol, value(a.Port))
		if first, ok := ports[key]; ok && a.Port != nil {
			return fmt.Errorf("value of %s.port must be another than that of announces[%d], which is announced as %s by %s too, got: %d", at, first, as, protocol, *a.Port)
		}
		ports[key] = i
	}
	return nil
}

const (
	longestLease = day     // one that is longer keeps what is gone in DNS
	largestMeta  = 1 << 16 // Consul takes values of 512 KB, of which JSON makes up to six bytes of one
)

// check refuses what an announcement cannot be. at names it in errors.
func (a Announce) check(at string, first, contained bool) error {
	for _, n := range []limits{
		{"port", a.Port, 1, 65535},
		{"container_port", a.ContainerPort, 1, 65535},
		{"priority", a.Priority, 1, 65535},
		{"weight", a.Weight, 1, 65535},
		{"lease", a.Lease, int(defaults.MinLease / time.Second), longestLease},
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
	case a.Port == nil && !first:
		return fmt.Errorf("missing required arguments: port found in %s: only the first announcement may be an address alone", at)
	case a.Port == nil && (a.ContainerPort != nil || a.Protocol != ""):
		return fmt.Errorf("missing parameter(s) required by '%s.container_port', '%[1]s.protocol': port", at)
	case a.Port == nil && a.Check != nil && a.Check.Port == nil && (a.Check.Type == "tcp" || a.Check.Type == "http"):
		return fmt.Errorf("missing parameter(s) required by '%s.check.type=%s' where an address alone is announced: check.port", at, a.Check.Type)
	case a.Port == nil && a.Check == nil && !contained:
		return fmt.Errorf("missing parameter(s) required by an address alone: image or check found in %s", at)
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
	size := len(strings.Join(a.Tags, ""))
	for k, v := range a.Meta {
		size += len(k) + len(v)
	}
	if size > largestMeta {
		return fmt.Errorf("value of %s: tags and meta must have at most %d bytes together, as a store takes no larger record, got: %d", at, largestMeta, size)
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
	for _, n := range []limits{{"port", c.Port, 1, 65535}, {"rise", c.Rise, 1, 1000}, {"fall", c.Fall, 1, 1000}} {
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
