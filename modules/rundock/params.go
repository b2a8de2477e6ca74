package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// parameters is what the module takes, as ansible-doc shows it: after a
// change, go test . -run TestDocsStub -update.
var parameters = withServices(ansible.Spec{
	Module:    "rundock",
	Root:      true,
	Elsewhere: elsewhere,
	Short:     "Run a container as a supervised, announced service of a plain Docker host",
	Description: []string{
		"Makes a container a runit service of the host, and announces it in DNS while it is well.",
		"A second call changes nothing and executes nothing. Check mode reports what the call would do.",
		"I(state=present), I(state=enabled) and I(state=restarted) need I(image), I(announce) or I(announces); I(state=disabled) and I(state=absent) need I(name) and ignore the rest.",
	},
	Author:       []string{"rundock"},
	Requirements: []string{"Docker, runit and rundockd on the host, as C(playbooks/site.yml) installs them; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: append([]ansible.Param{
		{Name: "name", Description: []string{
			"Name of the service and of its container: two or more of C(a-z A-Z 0-9 _ . -), the first a letter or a digit.",
			"An announced one is a DNS label: C(a-z 0-9 -). None ends in C(.new) or C(.check), as containers do that rundock makes beside a service's own, or is C(overlay).",
		}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent", "enabled", "disabled", "restarted"}, Description: []string{
			"C(present): installed; whether it is enabled stays as it is.",
			"C(enabled): installed and running, now and after a boot.",
			"C(restarted): that, and its container replaced; always changed.",
			"C(disabled): stopped; its files stay.",
			"C(absent): removed, but for its logs.",
		}},
		{Name: "image", Description: []string{
			"Image reference; C(app), C(app:latest) and C(docker.io/library/app) are the same. Without it, and with I(announce), only the announcement is made.",
		}},
		{Name: "args", Description: []string{
			"Flags of C(docker run), then optionally C(--) and a command; C(docs/args.md) lists them.",
			"C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the host's.",
		}},
		{Name: "announce", Type: ansible.Int, Description: []string{
			"Port under which the service is announced; there is no announcement without it.",
			"Refused with C(--network none), and where I(args) publish it as another port of the container than I(port).",
		}},
		{Name: "port", Type: ansible.Int, Description: []string{
			"Port that listens in the container; that of I(announce) unless given.",
		}},
		{Name: "announces", Type: ansible.List, Elements: ansible.Dict, Options: announceOptions, Description: []string{
			"What is announced, where the short form I(announce), I(port) and I(announce_as) does not say enough.",
			"The first is the service's own, found under its name; each further one has a name of its own, and is found as C(_name._tcp.service).",
		}},
		{Name: "announce_as", Default: "private", Choices: []string{"public", "private", "container"}, Description: []string{
			"Address that is announced: C(private) or C(public) of the host, where the port is published unless it is already; or the C(container)'s own, unpublished.",
		}},
		{Name: "pull", Default: "always", Choices: []string{"always", "missing", "never"}, Description: []string{
			"When to pull the image as a container is started. A failed pull warns and runs the image that is there.",
		}},
		{Name: "wait", Default: "running", Choices: []string{"none", "running", "healthy", "announced"}, Description: []string{
			"What to wait for: C(none); C(running), the same container up for 2 s; C(healthy), its HEALTHCHECK says so; C(announced), its record is in etcd.",
			"A container without a HEALTHCHECK is C(healthy) when it is C(running), with a warning.",
		}},
		// Long, as a runner's pull can be part of it; only a service that
		// neither comes up nor fails ever waits for all of it.
		{Name: "wait_timeout", Type: ansible.Int, Default: 300, Description: []string{
			"Seconds to wait. Long, as a pull can be part of it: only a service that neither comes up nor fails uses all of it.",
			"Also how long to wait for another call at the same service.",
		}},
		{Name: "stop_timeout", Type: ansible.Int, Default: supervisor.DefaultStopTimeout, Description: []string{
			"Seconds between TERM and KILL of the container.",
		}},
		{Name: "drain", Type: ansible.Int, Default: 0, Description: []string{
			"Seconds between withdrawing the announcement and stopping the container.",
		}},
		{Name: "adopt", Type: ansible.Bool, Default: false, Description: []string{
			"Whether a container of the service's name that rundock did not make is taken over, as of one who comes from C(docker_container) or compose. It has to be as it is asked for, or the call is refused and names each difference; C(modules/rundock/README.md) says what is compared.",
			"It is stopped in its time and removed, and the service's own started in its place with the same volumes: Docker lets nobody change what rundock tells its containers by.",
		}},
		{Name: "env_secret", Type: ansible.Dict, Values: ansible.Str, NoLog: true, Description: []string{
			"Environment variables whose values appear in no script, process list, diff, log or label. Each is in a file under C(env/) of the service directory that root alone reads.",
			"Values are texts, taken as they are: what YAML takes for a number or a boolean has to stand in quotes. Another value replaces the container.",
		}},
		{Name: "requires_mounts", Type: ansible.List, Elements: ansible.Str, Description: []string{
			"Paths of the host that must be mount points before the container is started, each time that it is. Until then it waits, and its status says for which.",
		}},
		{Name: "rollback", Type: ansible.Bool, Default: false, Description: []string{
			"Whether a service that does not become what I(wait) says is brought back to what was so last: its files, and its image by ID, until the next call. A first install is stopped, and its files stay.",
			"The call fails all the same, and says why, with the container's last log lines.",
		}},
		{Name: "log", Type: ansible.Dict, Description: []string{
			"How much is kept of the service's log in C(/var/log/docker-NAME), and of its sidecar's. A change restarts the loggers alone.",
		}, Options: []ansible.Param{
			{Name: "size", Type: ansible.Bytes, Description: []string{
				"Size of a file, in bytes or as C(10M), at which the next is begun: 4096 to C(1G); 1000000 unless given.",
			}},
			{Name: "keep", Type: ansible.Int, Description: []string{
				"How many older files are kept: 1 to 1000; 10 unless given.",
			}},
		}},
	}, containerSpec...),
	Rules: ansible.Rules{
		RequiredOneOf:     [][]string{{"name", "services"}},
		MutuallyExclusive: exclusive,
		RequiredIf: []ansible.RequiredIf{
			{Param: "state", Value: "present", Params: append(slices.Clone(content), "services"), Any: true},
			{Param: "state", Value: "enabled", Params: append(slices.Clone(content), "services"), Any: true},
			{Param: "state", Value: "restarted", Params: append(slices.Clone(content), "services"), Any: true},
		},
	},
})

// content is what a service can be made of.
var content = []string{"image", "announce", "announces"}

// exclusive are the long and the short form of an announcement.
var exclusive = [][]string{{"announces", "announce"}, {"announces", "port"}, {"announces", "announce_as"}}

// params are the parameters as given; nil means not given.
type params struct {
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Image       *string           `json:"image"`
	Args        *string           `json:"args"`
	Announce    *int              `json:"announce"`
	Announces   []announceParams  `json:"announces"`
	Port        *int              `json:"port"`
	AnnounceAs  string            `json:"announce_as"`
	Pull        string            `json:"pull"`
	Wait        string            `json:"wait"`
	WaitTimeout int               `json:"wait_timeout"`
	StopTimeout int               `json:"stop_timeout"`
	Drain       int               `json:"drain"`
	Adopt       bool              `json:"adopt"`
	Rollback    bool              `json:"rollback"`
	EnvSecret   map[string]string `json:"env_secret"`
	Mounts      []string          `json:"requires_mounts"`
	Log         struct {
		Size *int64 `json:"size"`
		Keep *int   `json:"keep"`
	} `json:"log"`

	containerParams
}

// installs reports whether p's state says what the service is made of.
// Otherwise all but the name is ignored.
func (p params) installs() bool { return p.State != "absent" && p.State != "disabled" }

const day = 24 * 60 * 60

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
	for _, n := range []bounded{
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

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

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
