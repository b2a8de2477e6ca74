package params

import (
	"slices"
	"strings"

	"rundock/internal/ansible"
	"rundock/supervisor"
)

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test ./modules/rundock -run TestDocsStub -update.
var Spec = withServices(ansible.Spec{
	Module:    "rundock",
	Root:      true,
	Elsewhere: elsewhere,
	Short:     "Run a container as a supervised, announced service of a plain Docker host",
	Description: []string{
		"Makes a container a runit service of the host, and announces it in DNS while it is well.",
		"A second call changes nothing and executes nothing. Check mode reports what the call would do.",
		"I(state=present), I(state=enabled) and I(state=restarted) need I(image), I(announce) or I(announces); I(state=disabled) and I(state=absent) need I(name), and I(colour) where the service has one, and ignore the rest; with I(stack) and I(slot) they leave what is not of that slot, with a warning.",
	},
	Requirements: []string{"Docker, runit and rundockd on the host, as C(playbooks/site.yml) installs them; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: append([]ansible.Param{
		{Name: "name", Description: []string{
			"Name of the service and of its container: two or more of C(a-z A-Z 0-9 _ . -), the first a letter or a digit.",
			"An announced one is a DNS label: C(a-z 0-9 -). None ends in C(.new), C(.old) or C(.check), as containers do that rundock makes beside a service's own, or is C(overlay).",
		}},
		{Name: "colour", Choices: []string{"blue", "green"}, Description: []string{
			"Which of the service's two sets of instances this is. Both can be on a host at once, each on ports of its own; container and service directory are then called C(NAME-blue) and C(NAME-green), the instance C(HOST-blue) and C(HOST-green).",
			"The active colour answers the service's name in DNS: the first that is announced, until M(rundock_switch) gives its traffic to the other one. It needs I(announce) or I(announces).",
		}},
		{Name: "stack", Description: []string{
			"Stack that the service is a slot of, a DNS label: C(web.1) of C(shop) is C(1.web.shop) in the zone, and C(web.shop) all instances of it, wherever they are.",
			"The container has the labels C(rundock.stack), C(rundock.slot), C(com.docker.compose.project) and C(com.docker.compose.service), and looks for short names in the stack first, unless I(dns_search_domains) is given. It needs I(slot) and, but for I(state=disabled) and I(state=absent), I(image); I(name) is then C(STACK-SERVICE-NUMBER), as C(shop-web-1).",
		}},
		{Name: "slot", Description: []string{"Service of the stack and number of the instance, from 1: C(web.1)."}},
		{Name: "role", Choices: []string{"main", "standby"}, Description: []string{"Of a slot that two hosts have: the one with its lock in the store runs it."}},
		{Name: "aliases", Type: ansible.List, Elements: ansible.Str, Description: []string{
			"Further names of the slot's service in its stack: C(cache) is C(cache.shop) in the zone. It needs I(announce) or I(announces).",
			"C(cache@back) leads to the container's address in the network C(back), and C(cache._back@back) is C(cache._back.shop).",
		}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent", "enabled", "disabled", "restarted"}, Description: []string{
			"C(present): installed; whether it is enabled stays as it is.",
			"C(enabled): installed and running, now and after a boot.",
			"C(restarted): that, and its container replaced; always changed.",
			"C(disabled): stopped; its files stay.",
			"C(absent): removed, but for its logs.",
		}},
		{Name: "image", Description: []string{
			"Image reference; C(app), C(app:latest) and C(docker.io/library/app) are the same. An image's ID (C(sha256:...)) is none. Without it, and with I(announce), only the announcement is made.",
		}},
		{Name: "args", Description: []string{
			"Flags of C(docker run), then optionally C(--) and a command; C(docs/args.md) lists them.",
			"C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the host's.",
		}},
		{Name: "announce", Type: ansible.Int, Description: []string{
			"Port under which the service is announced; there is no announcement without it.",
			"Refused with C(--network none), where I(args) publish it as another port of the container than I(port), and as C(container) where the container has no address of its own: with C(--network host) and C(--network container:NAME).",
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
			"What to wait for: C(none); C(running), the same container up for 2 s; C(healthy), its HEALTHCHECK says so; C(announced), its record is in the store.",
			"A container without a HEALTHCHECK is C(healthy) when it is C(running), with a warning.",
		}},
		// Long, as a runner's pull can be part of it; only a service that
		// neither comes up nor fails ever waits for all of it.
		{Name: "wait_timeout", Type: ansible.Int, Default: 300, Description: []string{
			"Seconds that the call may take until the service is as C(wait) says. Pulling its image counts in it, and after that a pull is given up and nothing was changed.",
			"Only a service that neither comes up nor fails uses all of it.",
			"One that Docker calls unhealthy has failed, with C(wait=announced) unless other checks decide that.",
			"Also how long to wait for another call at the same service.",
		}},
		{Name: "stop_timeout", Type: ansible.Int, Default: supervisor.DefaultStopTimeout, Description: []string{
			"Seconds between TERM and KILL of the container.",
		}},
		{Name: "drain", Type: ansible.Int, Default: 0, Description: []string{
			"Seconds between withdrawing the announcement and stopping the container.",
		}},
		{Name: "order", Default: "stop-first", Choices: []string{"stop-first", "start-first"}, Description: []string{
			"C(start-first): the new container is started beside the one that runs, and takes its name and its record once it is well, within four fifths of I(wait_timeout); or it is removed, and the old one was never touched. C(README.md) says when that is refused.",
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
		{Name: "job", Type: ansible.Bool, Default: false, Description: []string{
			"Whether the container runs once to its end. The call waits for that, unless I(wait=none), and fails where its exit code is not 0, with the last lines of its log. It stays as it ended, and is run again where it is another one, where it failed, and by I(state=restarted).",
		}},
		{Name: "attempts", Type: ansible.Int, Default: 0, Description: []string{"How often a I(job) that fails is started again before it has failed."}},
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

// shared are the parameters that are given beside services, for each that
// does not have its own. All others are of a single service.
var shared = []string{"state", "pull", "wait", "wait_timeout", "stop_timeout", "drain", "log", "rollback", "adopt"}

// withServices adds the parameter services, a list of all the others, whose
// defaults are left to what stands beside it.
func withServices(s ansible.Spec) ansible.Spec {
	each := slices.Clone(s.Params)
	for i, p := range each {
		each[i].Default, each[i].Required = nil, p.Name == "name"
		each[i].Description = []string{"As I(" + p.Name + ") of the module."}
		if !slices.Contains(shared, p.Name) {
			s.MutuallyExclusive = append(s.MutuallyExclusive, []string{"services", p.Name})
		}
	}
	s.Params = append(s.Params, ansible.Param{Name: "services", Type: ansible.List, Elements: ansible.Dict, Options: each, Rules: ansible.Rules{MutuallyExclusive: exclusive}, Description: []string{
		"Several services of the host in one call, which costs little more than one: each a dict of the other parameters.",
		"I(" + strings.Join(shared, "), I(") + ") beside it are for each that does not have its own.",
		"All are checked first, then made at once. One that fails does not keep the others from being made; the call fails and names each.",
	}})
	return s
}
