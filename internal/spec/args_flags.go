package spec

import (
	"maps"
	"math"
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
	empty   bool // may be empty
	boolean bool // given without a value

	// assemble is set for a compound value, out of the keys of a parameter;
	// nil where there are none.
	assemble func(c *Container, pairs []Pair) error
}

// flags are in the order of DockerCommand.
var flags = []dockerFlag{
	{long: "publish", short: "p", variables: true,
		what: "publishes a port of the container on the host", allowed: "[ip:]host port:container port[/tcp|udp|sctp], where both may be ranges of one length and ip may be $PRIVATE_IP, $PUBLIC_IP or $ANNOUNCE_IP; IPv6 in brackets",
		field: list(func(c *Container) *[]string { return &c.Ports }, canonicalPort)},
	{long: "volume", short: "v", variables: true,
		what: "mounts a directory or a volume", allowed: "/source:/target[:options], volume name:/target[:options] or /target; options ro, rw, z, Z, nocopy (volumes), shared, slave, private, rshared, rslave, rprivate (directories)",
		field: list(func(c *Container) *[]string { return &c.Volumes }, canonicalVolume)},
	{long: "volumes-from",
		what: "mounts the volumes of another container", allowed: "container[:ro|:rw]",
		field: list(func(c *Container) *[]string { return &c.VolumesFrom }, canonicalVolumesFrom)},
	{long: "mount", variables: true,
		what: "mounts a directory, a volume or a tmpfs, with settings that -v and --tmpfs have not", allowed: "type=bind|volume|tmpfs,source=...,target=/path[,readonly]; bind-propagation, bind-recursive=enabled|disabled|writable|readonly, bind-create-src; volume-nocopy, volume-subpath, volume-driver, volume-opt=key=value, volume-label=key=value; tmpfs-size, tmpfs-mode",
		field: compound(func(c *Container) *[]Mount { return &c.Mounts }, mountParts, checkMount, showMount)},
	{long: "volume-driver",
		what: "the driver of the named volumes of -v that Docker makes", allowed: "the name of a volume driver",
		field: scalar(func(c *Container) *string { return &c.VolumeDriver }, canonicalDriver)},
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
		what: "a network the container is in; the first one has the default route", allowed: "bridge (the default), host, none, container:NAME, the name of a network, or name=NAME,alias=...,ip=...,ip6=...,link-local-ip=...,mac-address=...,driver-opt=key=value,gw-priority=...",
		field: networks},
	{long: "network-alias", synonym: "net-alias",
		what: "a further name of the container in the first network", allowed: "letters, digits, - _ and dots, at most 64 characters",
		field: list(func(c *Container) *[]string { return &endpoint(c).Aliases }, canonicalAlias)},
	{long: "ip",
		what: "the container's IPv4 address in the first network", allowed: "an IPv4 address of the network",
		field: scalar(func(c *Container) *string { return &endpoint(c).IPv4 }, canonicalIPv4)},
	{long: "ip6",
		what: "the container's IPv6 address in the first network", allowed: "an IPv6 address of the network",
		field: scalar(func(c *Container) *string { return &endpoint(c).IPv6 }, canonicalIPv6)},
	{long: "link-local-ip",
		what: "a link-local address of the container in the first network", allowed: "an ip address",
		field: list(func(c *Container) *[]string { return &endpoint(c).LinkLocalIPs }, canonicalFixedAddress)},
	{long: "mac-address",
		what: "the container's MAC address in the first network", allowed: "six bytes such as 02:42:ac:11:00:02",
		field: scalar(func(c *Container) *string { return &endpoint(c).MAC }, canonicalMAC)},
	{long: "hostname", short: "h", variables: true,
		what: "the container's host name", allowed: "letters, digits, - _ and dots, at most 64 characters",
		field: scalar(func(c *Container) *string { return &c.Hostname }, canonicalHostname)},
	{long: "domainname",
		what: "the container's NIS domain name", allowed: "letters, digits, - _ and dots, at most 64 characters",
		field: scalar(func(c *Container) *string { return &c.Domainname }, canonicalDomain)},
	{long: "expose",
		what: "says that the container listens on a port; it publishes nothing", allowed: "port[/tcp|udp|sctp], where port may be a range",
		field: list(func(c *Container) *[]string { return &c.Expose }, canonicalExpose)},
	{long: "add-host", variables: true,
		what: "adds a line to the container's /etc/hosts", allowed: "name:ip, where ip is an address, $PRIVATE_IP, $PUBLIC_IP, $ANNOUNCE_IP or host-gateway",
		field: list(func(c *Container) *[]string { return &c.ExtraHosts }, canonicalExtraHost)},
	{long: "dns", variables: true,
		what: "the resolvers, instead of those of the host's configuration", allowed: "an ip address, $PRIVATE_IP, $PUBLIC_IP or $ANNOUNCE_IP",
		field: list(func(c *Container) *[]string { return &c.DNS }, canonicalAddress)},
	{long: "dns-search",
		what: "a domain in which names are looked up", allowed: "a domain name, or . for none",
		field: list(func(c *Container) *[]string { return &c.DNSSearch }, canonicalSearch)},
	{long: "dns-option", synonym: "dns-opt",
		what: "an option of the container's resolv.conf", allowed: "one of resolv.conf(5), such as ndots:1 or rotate",
		field: list(func(c *Container) *[]string { return &c.DNSOptions }, canonicalDNSOption)},
	{long: "user", short: "u",
		what: "the user the container runs as", allowed: "name or uid, optionally :group or :gid",
		field: scalar(func(c *Container) *string { return &c.User }, canonicalUser)},
	{long: "group-add",
		what: "a further group that the container's user is in", allowed: "the name or number of a group",
		field: list(func(c *Container) *[]string { return &c.GroupAdd }, canonicalGroup)},
	{long: "workdir", short: "w",
		what: "the working directory in the container", allowed: "an absolute path",
		field: scalar(func(c *Container) *string { return &c.Workdir }, canonicalPath)},
	{long: "entrypoint", variables: true,
		what: "replaces the image's ENTRYPOINT; empty removes it", allowed: "one word, its arguments go after --",
		field: field{
			empty: true,
			set:   func(c *Container, v string) error { c.Entrypoint = []string{v}; return nil },
			get:   func(c *Container) []string { return c.Entrypoint[:min(1, len(c.Entrypoint))] },
		}},
	{long: "memory", short: "m",
		what: "the limit of memory", allowed: "a number with an optional unit b, k, m, g, t; at least 6m",
		field: size(func(c *Container) *int64 { return &c.Memory }, parseMemory)},
	{long: "memory-reservation",
		what: "the memory that the container is pressed down to when the host is short of it", allowed: "a number with an optional unit b, k, m, g, t; at least 6m",
		field: size(func(c *Container) *int64 { return &c.MemoryReservation }, parseMemory)},
	{long: "memory-swap",
		what: "the limit of memory and swap together; the same as --memory is no swap", allowed: "a number with an optional unit b, k, m, g, t, not below --memory; or -1 for no limit",
		field: size(func(c *Container) *int64 { return &c.MemorySwap }, parseSwap)},
	{long: "memory-swappiness",
		what: "how readily the container's memory is swapped (cgroup v1)", allowed: "a number from 0 to 100",
		field: field{
			set: func(c *Container, v string) error {
				n, err := parseWhole(v, 0, 100)
				c.MemorySwappiness = &n
				return err
			},
			get: func(c *Container) []string {
				if c.MemorySwappiness == nil {
					return nil
				}
				return []string{strconv.Itoa(*c.MemorySwappiness)}
			},
		}},
	{long: "oom-kill-disable",
		what: "has the kernel not kill the container's processes for want of memory (cgroup v1)", allowed: "true, false",
		field: truth(func(c *Container) *bool { return &c.OOMKillDisable })},
	{long: "oom-score-adj",
		what: "how readily the kernel kills the container when memory is short", allowed: "a number from -1000 to 1000; 0 is the default",
		field: whole(func(c *Container) *int { return &c.OOMScoreAdj }, -1000, 1000)},
	{long: "shm-size",
		what: "the size of the container's /dev/shm", allowed: "a number with an optional unit b, k, m, g, t",
		field: size(func(c *Container) *int64 { return &c.ShmSize }, parseShm)},
	{long: "pids-limit",
		what: "the limit of processes and threads", allowed: "a number of at least 1; -1 or 0 is no limit, the default",
		field: field{
			set: func(c *Container, v string) (err error) { c.PidsLimit, err = parsePids(v); return err },
			get: func(c *Container) []string { return number(int64(c.PidsLimit)) },
		}},
	{long: "cpu-shares", short: "c",
		what: "the container's weight when processors are short; Docker's own is 1024", allowed: "a number from 2 to 262144",
		field: whole(func(c *Container) *int { return &c.CPUShares }, 2, 262144)},
	{long: "cpuset-cpus",
		what: "the processors the container may use", allowed: "numbers and ranges such as 0-3,8",
		field: scalar(func(c *Container) *string { return &c.CPUSetCPUs }, canonicalSet)},
	{long: "cpuset-mems",
		what: "the memory nodes the container may use", allowed: "numbers and ranges such as 0-3,8",
		field: scalar(func(c *Container) *string { return &c.CPUSetMems }, canonicalSet)},
	{long: "blkio-weight",
		what: "the container's weight when disks are busy", allowed: "a number from 10 to 1000",
		field: whole(func(c *Container) *int { return &c.BlkioWeight }, 10, 1000)},
	{long: "blkio-weight-device",
		what: "the same for one device", allowed: "/dev/path:weight, from 10 to 1000",
		field: pairs(func(c *Container) *map[string]string { return &c.BlkioWeightDevice }, ":", canonicalRate(parseCount(10, 1000)))},
	{long: "device-read-bps",
		what: "the limit of reading from a device, in bytes a second", allowed: "/dev/path:number, with an optional unit b, k, m, g, t",
		field: pairs(func(c *Container) *map[string]string { return &c.DeviceReadBps }, ":", canonicalRate(parseBytes))},
	{long: "device-write-bps",
		what: "the limit of writing to a device, in bytes a second", allowed: "/dev/path:number, with an optional unit b, k, m, g, t",
		field: pairs(func(c *Container) *map[string]string { return &c.DeviceWriteBps }, ":", canonicalRate(parseBytes))},
	{long: "device-read-iops",
		what: "the limit of reading from a device, in operations a second", allowed: "/dev/path:number, at least 1",
		field: pairs(func(c *Container) *map[string]string { return &c.DeviceReadIOps }, ":", canonicalRate(parseCount(1, math.MaxInt32)))},
	{long: "device-write-iops",
		what: "the limit of writing to a device, in operations a second", allowed: "/dev/path:number, at least 1",
		field: pairs(func(c *Container) *map[string]string { return &c.DeviceWriteIOps }, ":", canonicalRate(parseCount(1, math.MaxInt32)))},
	{long: "cgroup-parent",
		what: "the cgroup that the container's is made in", allowed: "a path of the cgroup file system, or a slice of systemd",
		field: scalar(func(c *Container) *string { return &c.CgroupParent }, canonicalCgroupParent)},
	{long: "cpus",
		what: "the limit of processor time", allowed: "a decimal number of processors, at least 0.01",
		field: scalar(func(c *Container) *string { return &c.CPUs }, canonicalCPUs)},
	{long: "ulimit",
		what: "a resource limit of the processes", allowed: "name=soft[:hard], where name is one of core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack and -1 is unlimited",
		field: list(func(c *Container) *[]string { return &c.Ulimits }, canonicalUlimit)},
	{long: "label", short: "l", variables: true,
		what: "a label of the container", allowed: "key=value or key; keys that begin with rundock. are rundock's own",
		field: pairs(func(c *Container) *map[string]string { return &c.Labels }, "=", canonicalLabel)},
	{long: "annotation",
		what: "an annotation for the OCI runtime (Docker 24 and later)", allowed: "key=value",
		field: pairs(func(c *Container) *map[string]string { return &c.Annotations }, "=", canonicalAnnotation)},
	{long: "cap-add",
		what: "adds a Linux capability", allowed: "ALL or a capability such as NET_ADMIN, with or without CAP_",
		field: list(func(c *Container) *[]string { return &c.CapAdd }, canonicalCapability)},
	{long: "cap-drop",
		what: "drops a Linux capability", allowed: "ALL or a capability such as NET_RAW, with or without CAP_",
		field: list(func(c *Container) *[]string { return &c.CapDrop }, canonicalCapability)},
	{long: "device",
		what: "gives the container a device of the host", allowed: "/dev/host[:/dev/container][:permissions], where permissions are of r, w, m",
		field: list(func(c *Container) *[]string { return &c.Devices }, canonicalDevice)},
	{long: "device-cgroup-rule",
		what: "a rule of the devices that the container may use", allowed: "type major:minor permissions, such as 'c 188:* rwm'",
		field: list(func(c *Container) *[]string { return &c.DeviceCgroupRules }, canonicalDeviceRule)},
	{long: "gpus",
		what: "asks a device driver of Docker for devices, such as GPUs", allowed: "all, a number, or count=all|number,\"device=id,id\",driver=name,\"capabilities=gpu,utility\",options=key=value",
		field: requests()},
	{long: "security-opt",
		what: "a security option", allowed: "no-new-privileges[=true|false], seccomp=unconfined|builtin|/profile.json on the host, apparmor=unconfined|profile, label=disable|user:...|role:...|type:...|level:..., systempaths=unconfined",
		field: list(func(c *Container) *[]string { return &c.SecurityOpt }, canonicalSecurityOption)},
	{long: "sysctl",
		what: "a kernel parameter of the container's own namespaces", allowed: "name=value, where name is net.*, fs.mqueue.*, kernel.msg*, kernel.sem or kernel.shm*",
		field: pairs(func(c *Container) *map[string]string { return &c.Sysctls }, "=", canonicalSysctl)},
	{long: "cgroupns",
		what: "the cgroup namespace", allowed: "host, private",
		field: scalar(func(c *Container) *string { return &c.Cgroupns }, canonicalNamespace(false, "host", "private"))},
	{long: "ipc",
		what: "the IPC namespace", allowed: "none, private, shareable, host, container:NAME",
		field: scalar(func(c *Container) *string { return &c.IPC }, canonicalNamespace(true, "none", "private", "shareable", "host"))},
	{long: "pid",
		what: "the process namespace, instead of one of its own", allowed: "host, container:NAME",
		field: scalar(func(c *Container) *string { return &c.PID }, canonicalNamespace(true, "host"))},
	{long: "userns",
		what: "the user namespace, instead of the daemon's", allowed: "host",
		field: scalar(func(c *Container) *string { return &c.Userns }, canonicalNamespace(false, "host"))},
	{long: "uts",
		what: "the namespace of the host name, instead of one of its own", allowed: "host",
		field: scalar(func(c *Container) *string { return &c.UTS }, canonicalNamespace(false, "host"))},
	{long: "runtime",
		what: "the OCI runtime", allowed: "the name of a runtime that the daemon has",
		field: scalar(func(c *Container) *string { return &c.Runtime }, canonicalDriver)},
	{long: "platform",
		what: "the platform of the image, where it is not the host's own", allowed: "linux/architecture[/variant], such as linux/arm64",
		field: scalar(func(c *Container) *string { return &c.Platform }, canonicalPlatform)},
	{long: "stop-signal",
		what: "the signal that asks the container to stop, instead of the image's", allowed: "a signal such as SIGQUIT, QUIT or 3",
		field: scalar(func(c *Container) *string { return &c.StopSignal }, canonicalSignal)},
	{long: "storage-opt",
		what: "an option of Docker's storage driver", allowed: "key=value, such as size=10g",
		field: pairs(func(c *Container) *map[string]string { return &c.StorageOpt }, "=", canonicalStorageOption)},
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
		field: field{
			set: func(c *Container, v string) (err error) {
				health(c).Command, err = canonicalShellCommand(v)
				return err
			},
			get: healthCommand,
		}},
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
		field: whole(func(c *Container) *int { return &health(c).Retries }, 1, math.MaxInt32)},
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

// findFlag returns the flag that is written -x or --xyz; one that is refused is
// as unknown as any other.
func findFlag(written string) (dockerFlag, error) {
	name, long := strings.CutPrefix(written, "--")
	if !long {
		name = written[1:]
	}
	for _, f := range flags {
		if name != "" && long && (f.long == name || f.synonym == name) || name != "" && !long && f.short == name {
			return f, nil
		}
	}
	return dockerFlag{}, unknownFlag(written)
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
				return &contradiction{k}
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

// whole is a field that holds a number from low to high; zero, which is
// Docker's default, may be written too if it is within.
func whole(at func(*Container) *int, low, high int) field {
	return field{
		set: func(c *Container, value string) (err error) {
			*at(c), err = parseWhole(value, low, high)
			return err
		},
		get: func(c *Container) []string { return number(int64(*at(c))) },
	}
}

// size is a field that holds bytes.
func size(at func(*Container) *int64, parse func(string) (int64, error)) field {
	return field{
		set: func(c *Container, value string) (err error) {
			*at(c), err = parse(value)
			return err
		},
		get: func(c *Container) []string { return number(*at(c)) },
	}
}

// health is c's health check, to be read and written.
func health(c *Container) *Healthcheck {
	if c.Healthcheck == nil {
		c.Healthcheck = &Healthcheck{}
	}
	return c.Healthcheck
}

// healthCommand is the check as a command for a shell; one that needs no
// shell, which no flag can say, is shown so too.
func healthCommand(c *Container) []string {
	h := health(c)
	switch {
	case h.Command != "":
		return []string{h.Command}
	case h.Exec != nil:
		words := make([]string, len(h.Exec))
		for i, w := range h.Exec {
			words[i] = quote(w)
		}
		return []string{strings.Join(words, " ")}
	}
	return nil
}

// contradiction is a key with two values.
type contradiction struct{ key string }

func (c *contradiction) Error() string {
	return quote(c.key) + " is given twice, with different values"
}

func number(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{strconv.FormatInt(n, 10)}
}
