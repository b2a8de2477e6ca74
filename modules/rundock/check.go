package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/announce/defaults"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// check refuses values that no host can make anything of.
func (p params) check() error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	if !p.installs() {
		return nil
	}
	if err := supervisor.CheckName(p.Name); err != nil {
		return fmt.Errorf("value of name %w, got: %q", err, p.Name)
	}
	if p.Image == nil && !p.announced() {
		return fmt.Errorf("state is %s but any of the following are missing: %s", p.State, strings.Join(content, ", "))
	}
	for _, n := range []limits{
		{"announce", p.Announce, 1, 65535},
		{"port", p.Port, 1, 65535},
		{"wait_timeout", &p.WaitTimeout, 1, day},
		{"stop_timeout", &p.StopTimeout, 1, day},
		{"drain", &p.Drain, 0, day},
		{"log.keep", p.Log.Keep, 1, 1000},
	} {
		if err := n.check(""); err != nil {
			return err
		}
	}
	if p.Rollback && p.Wait == "none" {
		return errors.New("value of wait must be one of: running, healthy, announced where rollback is true, got: none")
	}
	if err := p.checkAnnounces(); err != nil {
		return err
	}
	if p.Image != nil {
		if err := checkImage(*p.Image); err != nil {
			return err
		}
	}
	if err := p.checkHost(); err != nil {
		return err
	}
	for _, r := range []struct {
		given    bool
		name     string
		needs    bool
		required string
	}{
		{p.Args != nil, "args", p.Image != nil, "image"},
		{p.EnvSecret != nil, "env_secret", p.Image != nil, "image"},
		{p.Mounts != nil, "requires_mounts", p.Image != nil, "image"},
		{p.given() != "", p.given(), p.Image != nil, "image"},
		{p.Port != nil, "port", p.Announce != nil, "announce"},
		{p.Wait == "announced", "wait=announced", p.announced(), "announce, announces"},
		{p.AnnounceAs == "container", "announce_as=container", p.Image != nil, "image"},
	} {
		if r.given && !r.needs {
			return fmt.Errorf("missing parameter(s) required by '%s': %s", r.name, r.required)
		}
	}
	return nil
}

// Limits of log.size. svlogd wants a file to hold two of its longest lines.
const (
	smallestLog = 4096
	largestLog  = 1 << 30
)

// checkHost refuses what a host can make nothing of besides the container.
func (p params) checkHost() error {
	if n := p.Log.Size; n != nil && (*n < smallestLog || *n > largestLog) {
		return fmt.Errorf("value of log.size must be between %d and %d bytes, got: %d", smallestLog, largestLog, *n)
	}
	for _, path := range p.Mounts {
		if !strings.HasPrefix(path, "/") || path != filepath.Clean(path) || strings.ContainsRune(path, 0) {
			return fmt.Errorf("value of requires_mounts must be absolute paths without . and .., got: %q", path)
		}
	}
	for name, v := range p.EnvSecret {
		if err := spec.CheckSecretName(name); err != nil {
			return fmt.Errorf("value of env_secret must have names of environment variables: letters, digits, _ . : and -, the first a letter or _, got: %q", name)
		}
		if strings.ContainsRune(v, 0) {
			return fmt.Errorf("value of env_secret must not hold a NUL character, that of %s does", name)
		}
	}
	return nil
}

// overlayName is the folder beside those of services, under /run/rundock and
// /var/lib/rundock, that state=absent of such a service would remove.
const overlayName = "overlay"

// checkName is Docker's rule for container names. It also keeps a name from
// being a path.
func checkName(name string) error {
	const longest = 200 // with prefix and suffixes it still is a file name
	ok := len(name) >= 2 && strings.Contains(alphanumeric, name[:1]) && strings.Trim(name[1:], alphanumeric+"_.-") == ""
	if !ok {
		return fmt.Errorf("value of name must be two or more of a-z, A-Z, 0-9, _, . and -, the first a letter or a digit, got: %q", name)
	}
	if len(name) > longest {
		return fmt.Errorf("value of name must have at most %d characters, got: %d", longest, len(name))
	}
	if name == overlayName {
		return fmt.Errorf("value of name must not be %s: what is known of overlay networks is kept in the folders of that name, got: %[1]q", name)
	}
	return nil
}

// checkLabel is the rule for a name that becomes a part of a DNS name.
func checkLabel(name string) error {
	if len(name) > 63 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasSuffix(name, "-") {
		return fmt.Errorf("value of name must be a DNS label when the service is announced: up to 63 of a-z, 0-9 and -, the last not a -, got: %q", name)
	}
	return nil
}

// checkImage refuses what is no image reference: [host[:port]/]path[:tag][@digest].
func checkImage(image string) error {
	bad := func(why string) error {
		return fmt.Errorf("value of image must be [registry[:port]/]name[:tag][@digest]: %s, got: %q", why, image)
	}
	name, digest, pinned := strings.Cut(image, "@")
	if pinned && (!strings.HasPrefix(digest, "sha256:") || len(digest) != len("sha256:")+64 || strings.Trim(digest[7:], "0123456789abcdef") != "") {
		return bad("the digest is sha256: and 64 of 0-9 and a-f")
	}
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		tag := name[i+1:]
		if name = name[:i]; tag == "" || len(tag) > 128 || strings.ContainsAny(tag[:1], ".-") || strings.Trim(tag, alphanumeric+"_.-") != "" {
			return bad("a tag has up to 128 of a-z, A-Z, 0-9, _, . and -")
		}
	}
	if registry, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(registry, ".:[") || registry == "localhost") {
		if registry == "" || strings.Trim(registry, alphanumeric+".-:[]") != "" {
			return bad("the registry is a host name or an address")
		}
		name = rest
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || strings.ContainsAny(part[:1]+part[len(part)-1:], "._-") {
			return bad("a name has a-z, 0-9, and between them ., _ and -, in lower case")
		}
	}
	return nil
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
	for _, n := range []limits{
		{"port", &a.Port, 1, 65535},
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

// limits is a number and what it may be; nil is not given.
type limits struct {
	name      string
	value     *int
	low, high int
}

func (b limits) check(prefix string) error {
	if b.value != nil && (*b.value < b.low || *b.value > b.high) {
		return fmt.Errorf("value of %s%s must be between %d and %d, got: %d", prefix, b.name, b.low, b.high, *b.value)
	}
	return nil
}
