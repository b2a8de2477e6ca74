package compose

// treatment is what becomes of a key of the compose specification.
type treatment string

const (
	mapped  treatment = "mapped"  // it does what the specification says, or what how says
	noted   treatment = "noted"   // the stack is made without it, and a note says so
	refused treatment = "refused" // there is no stack while it is there
)

// key is a key of the specification. One that is noted or refused stands for
// all below it as well; one that is mapped has those below it listed too.
type key struct {
	path string // from the top; * is any name; items of a list have no part of their own
	what treatment
	how  string // mapped: to what; otherwise why, and what instead: the text of the note or error
}

const (
	noWindows  = "it is for Windows containers"
	noHooks    = "rundock runs no commands beside a container: have the image's entrypoint do it"
	noTerminal = "a service has no terminal"
	wholeStack = "whatever fails, the whole stack goes back to its last release"
	ownDriver  = "every network of a stack is an overlay network of rundock's"
	buildKit   = "rundock builds with what every Docker daemon can do"
)

// keys are all of the specification's; a test holds that its schema has no other.
var keys = append([]key{
	{"version", mapped, "left out: it has no meaning any more"},
	{"name", mapped, "the stack's name, unless the call has one"},
	{"include", mapped, "read from the files of the project"},
	{"include.path", mapped, "a file, or one and its overrides"},
	{"include.env_file", mapped, "variables for the included files; those of the call win"},
	{"include.project_directory", mapped, "what relative paths in the included files start from"},
	{"jobs", refused, "rundock keeps no timetable: a service with restart: \"no\" runs once a release"},
	{"models", refused, "rundock runs no language models of its own: run one as a service"},
	{"services", mapped, "services of the stack"},

	{"networks", mapped, "an overlay network each"},
	{"networks.*.name", mapped, "its name on the hosts; STACK_KEY unless given"},
	{"networks.*.driver", mapped, "bridge or overlay, with a note, as " + ownDriver + "; others are refused"},
	{"networks.*.driver_opts", noted, ownDriver + ", which takes no options of others"},
	{"networks.*.ipam", mapped, "the network's addresses"},
	{"networks.*.ipam.driver", mapped, "default; others are refused"},
	{"networks.*.ipam.config", mapped, "one IPv4 subnet; without one it is of rundock's pool"},
	{"networks.*.ipam.config.subnet", mapped, "the network's subnet, of which each host has a part; IPv6 is left out, with a note"},
	{"networks.*.ipam.config.ip_range", noted, "each host gives its containers addresses from its own part of the subnet"},
	{"networks.*.ipam.config.gateway", noted, "each host is the gateway of its own part of the subnet"},
	{"networks.*.ipam.config.aux_addresses", noted, "each host gives its containers addresses from its own part of the subnet"},
	{"networks.*.ipam.options", noted, "the default IPAM driver has none"},
	{"networks.*.external", mapped, "a network that is on the hosts already"},
	{"networks.*.external.name", mapped, "as name"},
	{"networks.*.internal", mapped, "no way out of it"},
	{"networks.*.enable_ipv4", mapped, "true; false is refused, as overlay networks are of IPv4"},
	{"networks.*.enable_ipv6", noted, "overlay networks are of IPv4"},
	{"networks.*.attachable", noted, "any container of a host can be in any of its networks"},
	{"networks.*.labels", mapped, "kept in the release"},

	{"volumes", mapped, "a named volume each, on every host that has an instance with it"},
	{"volumes.*.name", mapped, "its name on the hosts; STACK_KEY unless given"},
	{"volumes.*.driver", mapped, "the volume's driver. One that is local, with no options, keeps its instances on their host"},
	{"volumes.*.driver_opts", mapped, "the driver's options. With type nfs, nfs4, cifs, ceph or glusterfs it is the same on all hosts, and keeps nobody on one"},
	{"volumes.*.external", mapped, "a volume that is on the hosts already"},
	{"volumes.*.external.name", mapped, "as name"},
	{"volumes.*.labels", mapped, "labels of a volume that is made"},

	{"configs", mapped, "files, kept in the release by their SHA-256"},
	{"configs.*.name", mapped, "of an external one: what the call has it under. Otherwise nothing: a release keeps configs by what they hold, so that no name has to change with it"},
	{"configs.*.content", mapped, "what it holds"},
	{"configs.*.environment", mapped, "the variable that it holds"},
	{"configs.*.file", mapped, "a file of the project"},
	{"configs.*.external", mapped, "what the call gives for its name"},
	{"configs.*.external.name", mapped, "as name"},
	{"configs.*.labels", noted, "a release keeps no labels of configs"},
	{"configs.*.template_driver", refused, "rundock fills in no templates here: have the playbook do it, and give the result"},

	{"secrets", mapped, "files that root and their container alone read; in no diff, log or label"},
	{"secrets.*.name", mapped, "of an external one: what the call has it under. Otherwise nothing: a release keeps secrets by what they hold, so that no name has to change with it"},
	{"secrets.*.environment", mapped, "the variable that it holds"},
	{"secrets.*.file", mapped, "a file of the project"},
	{"secrets.*.external", mapped, "what the call gives for its name"},
	{"secrets.*.external.name", mapped, "as name"},
	{"secrets.*.labels", noted, "a release keeps no labels of secrets"},
	{"secrets.*.driver", refused, "rundock asks no one else for secrets: give its value in the call"},
	{"secrets.*.driver_opts", refused, "rundock asks no one else for secrets: give its value in the call"},
	{"secrets.*.template_driver", refused, "rundock fills in no templates here: have the playbook do it, and give the result"},
}, under("services.*", serviceKeys)...)

// under are keys with prefix before their paths.
func under(prefix string, list []key) []key {
	out := make([]key, len(list))
	for i, k := range list {
		out[i] = key{prefix + "." + k.path, k.what, k.how}
	}
	return out
}
