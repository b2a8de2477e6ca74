package spec

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// dockerFlag is one flag of docker run that has a form in Container.
type dockerFlag struct {
	long, short, synonym string // without hyphens
	what                 string // what it sets, for docs/args.md
	allowed              string // its values, for docs/args.md and for errors
	secret               bool   // the value never enters an error or a command line
	variables            bool   // $PRIVATE_IP and the like are expanded in it
	field
}

// field is where a flag's values live in a Container. set checks a value,
// makes it canonical and stores it; get returns what set has stored, as values
// for the flag.
type field struct {
	set     func(c *Container, value string) error
	get     func(c *Container) []string
	repeats bool // may be given more than once
	boolean bool // given without a value
}

// flags are in the order of DockerCommand.
var flags = []dockerFlag{
	{long: "publish", short: "p", variables: true,
		what: "publishes a port of the container on the host", allowed: "[ip:][host port:]container port[/tcp|udp|sctp], where a port may be a range and ip may be $PRIVATE_IP, $PUBLIC_IP or $ANNOUNCE_IP; IPv6 in brackets",
		field: list(func(c *Container) *[]string { return &c.Ports }, canonicalPort)},
	{long: "volume", short: "v", variables: true,
		what: "mounts a directory or a volume", allowed: "/source:/target[:options], volume name:/target[:options] or /target; options ro, rw, z, Z, nocopy (volumes), shared, slave, private, rshared, rslave, rprivate (directories)",
		field: list(func(c *Container) *[]string { return &c.Volumes }, canonicalVolume)},
	{long: "volumes-from",
		what: "mounts the volumes of another container", allowed: "container[:ro|:rw]",
		field: list(func(c *Container) *[]string { return &c.VolumesFrom }, canonicalVolumesFrom)},
	{long: "tmpfs",
		what: "mounts a tmpfs", allowed: "/target[:options]; options ro, rw, exec, noexec, suid, nosuid, dev, nodev, noatime, size=64m, mode=1777, uid=0, gid=0, nr_inodes=1k, nr_blocks=1k",
		field: pairs(func(c *Container) *map[string]string { return &c.Tmpfs }, ":", canonicalTmpfs)},
	{long: "env", short: "e", secret: true, variables: true,
		what: "sets an environment variable; the value is taken as it is", allowed: "NAME=value, where NAME is letters, digits, _ . : - and does not begin with a digit",
		field: pairs(func(c *Container) *map[string]string { return &c.Env }, "=", canonicalEnv)},
	{long: "env-file",
		what: "reads environment variables from a file of the host, at each start; --env wins over it", allowed: "an absolute path on the host",
		field: list(func(c *Container) *[]string { return &c.EnvFiles }, canonicalPath)},
	{long: "network", synonym: "net",
		what: "the network the container is in", allowed: "bridge (the default), host, none, container:NAME or the name of one network",
		field: scalar(func(c *Container) *string { return &c.Network }, canonicalNetwork)},
	{long: "hostname", short: "h", variables: true,
		what: "the container's host name", allowed: "letters, digits, - _ and dots, at most 64 characters",
		field: scalar(func(c *Container) *string { return &c.Hostname }, canonicalHostname)},
	{long: "add-host", variables: true,
		what: "adds a line to the container's /etc/hosts", allowed: "name:ip, where ip is an address, $PRIVATE_IP, $PUBLIC_IP, $ANNOUNCE_IP or host-gateway",
		field: list(func(c *Container) *[]string { return &c.ExtraHosts }, canonicalExtraHost)},
	{long: "dns", variables: true,
		what: "the resolvers, instead of those of the host's configuration", allowed: "an ip address, $PRIVATE_IP, $PUBLIC_IP or $ANNOUNCE_IP",
		field: list(func(c *Container) *[]string { return &c.DNS }, canonicalAddress)},
	{long: "user", short: "u",
		what: "the user the container runs as", allowed: "name or uid, optionally :group or :gid",
		field: scalar(func(c *Container) *string { return &c.User }, canonicalUser)},
	{long: "workdir", short: "w",
		what: "the working directory in the container", allowed: "an absolute path",
		field: scalar(func(c *Container) *string { return &c.Workdir }, canonicalPath)},
	{long: "entrypoint", variables: true,
		what: "replaces the image's ENTRYPOINT; empty removes it", allowed: "one word, its arguments go after --",
		field: field{
			set: func(c *Container, v string) error { c.Entrypoint = []string{v}; return nil },
			get: func(c *Container) []string { return c.Entrypoint[:min(1, len(c.Entrypoint))] },
		}},
	{long: "memory", short: "m",
		what: "the limit of memory", allowed: "a number with an optional unit b, k, m, g, t; at least 6m",
		field: field{
			set: func(c *Container, v string) (err error) { c.Memory, err = parseMemory(v); return err },
			get: func(c *Container) []string { return number(c.Memory) },
		}},
	{long: "cpus",
		what: "the limit of processor time", allowed: "a decimal number of processors, at least 0.01",
		field: scalar(func(c *Container) *string { return &c.CPUs }, canonicalCPUs)},
	{long: "ulimit",
		what: "a resource limit of the processes", allowed: "name=soft[:hard], where name is one of core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack and -1 is unlimited",
		field: list(func(c *Container) *[]string { return &c.Ulimits }, canonicalUlimit)},
	{long: "label", short: "l", variables: true,
		what: "a label of the container", allowed: "key=value or key; keys that begin with rundock. are rundock's own",
		field: pairs(func(c *Container) *map[string]string { return &c.Labels }, "=", canonicalLabel)},
	{long: "cap-add",
		what: "adds a Linux capability", allowed: "ALL or a capability such as NET_ADMIN, with or without CAP_",
		field: list(func(c *Container) *[]string { return &c.CapAdd }, canonicalCapability)},
	{long: "cap-drop",
		what: "drops a Linux capability", allowed: "ALL or a capability such as NET_RAW, with or without CAP_",
		field: list(func(c *Container) *[]string { return &c.CapDrop }, canonicalCapability)},
	{long: "device",
		what: "gives the container a device of the host", allowed: "/dev/host[:/dev/container][:permissions], where permissions are of r, w, m",
		field: list(func(c *Container) *[]string { return &c.Devices }, canonicalDevice)},
	{long: "privileged",
		what: "gives the container all capabilities and devices", allowed: "true, false",
		field: truth(func(c *Container) *bool { return &c.Privileged })},
	{long: "read-only",
		what: "mounts the container's root file system read-only", allowed: "true, false",
		field: truth(func(c *Container) *bool { return &c.ReadOnly })},
	{long: "init",
		what: "runs an init in the container that forwards signals and reaps processes", allowed: "true, false",
		field: truth(func(c *Container) *bool { return &c.Init })},
	{long: "health-cmd",
		what: "the health check, run by a shell in the container, which expands its own variables", allowed: "a shell command",
		field: scalar(func(c *Container) *string { return &health(c).Command }, canonicalShellCommand)},
	{long: "health-interval",
		what: "the time between two checks", allowed: "a duration such as 500ms, 10s, 1m30s; at least 1ms",
		field: scalar(func(c *Container) *string { return &health(c).Interval }, canonicalDuration)},
	{long: "health-timeout",
		what: "how long a check may take", allowed: "a duration such as 500ms, 10s, 1m30s; at least 1ms",
		field: scalar(func(c *Container) *string { return &health(c).Timeout }, canonicalDuration)},
	{long: "health-start-period",
		what: "how long failures do not count after the start", allowed: "a duration such as 500ms, 10s, 1m30s; at least 1ms",
		field: scalar(func(c *Container) *string { return &health(c).StartPeriod }, canonicalDuration)},
	{long: "health-start-interval",
		what: "the time between two checks within the start period (Docker 25 and later)", allowed: "a duration such as 500ms, 10s, 1m30s; at least 1ms",
		field: scalar(func(c *Container) *string { return &health(c).StartInterval }, canonicalDuration)},
	{long: "health-retries",
		what: "how many failures in a row make the container unhealthy", allowed: "a number of at least 1",
		field: field{
			set: func(c *Container, v string) (err error) { health(c).Retries, err = parseRetries(v); return err },
			get: func(c *Container) []string { return number(int64(health(c).Retries)) },
		}},
	{long: "no-healthcheck",
		what: "switches the image's health check off", allowed: "true, false",
		field: truth(func(c *Container) *bool { return &health(c).Disable })},
	{long: "log-opt",
		what: "an option of Docker's local log driver, which rundock uses", allowed: "max-size=10m, max-file=2, compress=true or compress=false",
		field: pairs(func(c *Container) *map[string]string { return &c.LogOptions }, "=", canonicalLogOption)},
}

// name is f as DockerCommand writes it.
func (f dockerFlag) name() string {
	if f.short != "" {
		return "-" + f.short
	}
	return "--" + f.long
}

// findFlag returns the flag that is written -x or --xyz.
func findFlag(written string) (dockerFlag, error) {
	name, long := strings.CutPrefix(written, "--")
	if !long {
		name = written[1:]
	}
	if name == "" {
		return dockerFlag{}, fmt.Errorf("unknown flag %s", written)
	}
	for _, f := range flags {
		if long && (f.long == name || f.synonym == name) || !long && f.short == name {
			return f, nil
		}
	}
	for _, r := range refused {
		if slices.Contains(strings.Fields(r.flags), written) {
			return dockerFlag{}, fmt.Errorf("%s is not taken: %s", written, r.reason)
		}
	}
	if near := nearestFlag(name, long); near != "" {
		return dockerFlag{}, fmt.Errorf("unknown flag %s; did you mean %s?", written, near)
	}
	return dockerFlag{}, fmt.Errorf("unknown flag %s", written)
}

// list is a field that collects values in the order given.
func list(at func(*Container) *[]string, canonical func(string) (string, error)) field {
	return field{
		repeats: true,
		set: func(c *Container, value string) error {
			v, err := canonical(value)
			if err == nil && !slices.Contains(*at(c), v) {
				*at(c) = append(*at(c), v)
			}
			return err
		},
		get: func(c *Container) []string { return *at(c) },
	}
}

// pairs is a field that collects keys and values, written with separator
// between them; canonical is told whether the separator was there.
func pairs(at func(*Container) *map[string]string, separator string, canonical func(k, v string, hasValue bool) (string, string, error)) field {
	return field{
		repeats: true,
		set: func(c *Container, value string) error {
			k, v, hasValue := strings.Cut(value, separator)
			k, v, err := canonical(k, v, hasValue)
			if err != nil {
				return err
			}
			// Docker takes the last one silently. In a playbook two values for
			// one name are two templates that do not know of each other.
			if old, ok := (*at(c))[k]; ok && old != v {
				return fmt.Errorf("%s is given twice, with different values", quote(k))
			}
			if *at(c) == nil {
				*at(c) = map[string]string{}
			}
			(*at(c))[k] = v
			return nil
		},
		get: func(c *Container) []string {
			var out []string
			for _, k := range slices.Sorted(maps.Keys(*at(c))) {
				v := (*at(c))[k]
				if v == "" && separator == ":" {
					out = append(out, k)
					continue
				}
				out = append(out, k+separator+v)
			}
			return out
		},
	}
}

// scalar is a field that is given once.
func scalar(at func(*Container) *string, canonical func(string) (string, error)) field {
	return field{
		set: func(c *Container, value string) (err error) {
			*at(c), err = canonical(value)
			return err
		},
		get: func(c *Container) []string {
			if *at(c) == "" {
				return nil
			}
			return []string{*at(c)}
		},
	}
}

// truth is a field that is given without a value, or with =true or =false.
func truth(at func(*Container) *bool) field {
	return field{
		boolean: true,
		set: func(c *Container, value string) (err error) {
			*at(c), err = strconv.ParseBool(value)
			return err
		},
		get: func(c *Container) []string {
			if !*at(c) {
				return nil
			}
			return []string{"true"}
		},
	}
}

// health is c's health check, to be read and written.
func health(c *Container) *Healthcheck {
	if c.Healthcheck == nil {
		c.Healthcheck = &Healthcheck{}
	}
	return c.Healthcheck
}

func number(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{strconv.FormatInt(n, 10)}
}
