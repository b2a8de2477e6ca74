// Package spec says what a container is made of: the part of service.json that
// decides whether a running container is the wanted one (Hash), read from the
// flags of `docker run` (ParseArgs), with the host's addresses filled in
// (Expand), and shown as the docker command that it stands for (DockerCommand).
// It is pure: it touches neither the system nor Docker.
//
// Its files stand in layers; a file knows only those of its own and of lower ones:
//
//	args.go builder.go together.go command.go   Container from parameters and flags, and back
//	words.go lookup.go flags.go refused.go      the words of a command line; the table of flags
//	flag_*.go parts.go pair.go field.go         where a flag's values live in a Container
//	container.go expand.go shares.go ports.go   what the container is
//	canonical_*.go image.go                     the form and the check of a value
//	text.go variables.go quote.go span.go       characters, variables, quotes, ranges
//
// Source of the flags, their values and their meaning: docker run(1), and the
// Docker Engine API from 1.41.
package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Container is what the container is made of; every field of it enters the
// spec hash. Strings may hold $PRIVATE_IP, $PUBLIC_IP and $HOST, which the
// runner expands on the host (Expand). The zero of a field leaves Docker's
// own default.
//
// The hash depends on the order of the fields: new ones go to the end.
type Container struct {
	Image       string            `json:"image"`
	Entrypoint  []string          `json:"entrypoint,omitempty"`
	Command     []string          `json:"command,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	EnvFiles    []string          `json:"env_files,omitempty"`   // paths on the host, read at each start; Env wins
	EnvSecrets  map[string]string `json:"env_secrets,omitempty"` // name -> keyed digest of a value that is kept elsewhere; wins over EnvFiles
	User        string            `json:"user,omitempty"`
	Workdir     string            `json:"workdir,omitempty"`
	Hostname    string            `json:"hostname,omitempty"`
	Network     string            `json:"network,omitempty"`      // "" is Docker's default bridge; host, none, container:X, or a network
	Ports       []string          `json:"ports,omitempty"`        // [ip:][host]:container[/proto], as docker run -p
	Volumes     []string          `json:"volumes,omitempty"`      // source:target[:options] or target, as docker run -v
	VolumesFrom []string          `json:"volumes_from,omitempty"` // container[:ro|:rw]
	Tmpfs       map[string]string `json:"tmpfs,omitempty"`        // path -> mount options
	Memory      int64             `json:"memory,omitempty"`       // bytes; 0 is no limit
	CPUs        string            `json:"cpus,omitempty"`         // "1.5"; "" is no limit
	Labels      map[string]string `json:"labels,omitempty"`
	CapAdd      []string          `json:"cap_add,omitempty"`
	CapDrop     []string          `json:"cap_drop,omitempty"`
	Devices     []string          `json:"devices,omitempty"` // host[:container[:rwm]]
	Privileged  bool              `json:"privileged,omitempty"`
	ReadOnly    bool              `json:"read_only,omitempty"`
	Init        bool              `json:"init,omitempty"`
	Ulimits     []string          `json:"ulimits,omitempty"`     // name=soft[:hard]
	Healthcheck *Healthcheck      `json:"healthcheck,omitempty"` // nil: the image's own
	ExtraHosts  []string          `json:"extra_hosts,omitempty"` // name:ip
	DNS         []string          `json:"dns,omitempty"`         // empty: host.json's
	LogOptions  map[string]string `json:"log_options,omitempty"` // of Docker's local driver: max-size, max-file, compress

	Platform    string            `json:"platform,omitempty"`    // os/architecture[/variant]; "" is the host's own
	StopSignal  string            `json:"stop_signal,omitempty"` // SIGQUIT; "" is the image's
	GroupAdd    []string          `json:"group_add,omitempty"`   // names or numbers
	Annotations map[string]string `json:"annotations,omitempty"`

	Domainname string    `json:"domainname,omitempty"`
	Endpoint   *Network  `json:"endpoint,omitempty"` // how it is in Network; nameless
	Networks   []Network `json:"networks,omitempty"` // those it is in besides Network
	Expose     []string  `json:"expose,omitempty"`   // port[/proto], published nowhere
	DNSSearch  []string  `json:"dns_search,omitempty"`
	DNSOptions []string  `json:"dns_options,omitempty"`

	Mounts       []Mount           `json:"mounts,omitempty"`
	VolumeDriver string            `json:"volume_driver,omitempty"` // of the named ones in Volumes
	ShmSize      int64             `json:"shm_size,omitempty"`      // bytes
	StorageOpt   map[string]string `json:"storage_opt,omitempty"`

	MemoryReservation int64             `json:"memory_reservation,omitempty"` // bytes
	MemorySwap        int64             `json:"memory_swap,omitempty"`        // bytes, of memory and swap together; -1 is no limit
	MemorySwappiness  *int              `json:"memory_swappiness,omitempty"`  // 0 to 100
	OOMKillDisable    bool              `json:"oom_kill_disable,omitempty"`
	OOMScoreAdj       int               `json:"oom_score_adj,omitempty"` // -1000 to 1000
	CPUShares         int               `json:"cpu_shares,omitempty"`    // 2 to 262144
	CPUSetCPUs        string            `json:"cpuset_cpus,omitempty"`   // "0-3,8"
	CPUSetMems        string            `json:"cpuset_mems,omitempty"`
	PidsLimit         int               `json:"pids_limit,omitempty"`
	BlkioWeight       int               `json:"blkio_weight,omitempty"`        // 10 to 1000
	BlkioWeightDevice map[string]string `json:"blkio_weight_device,omitempty"` // device -> weight
	DeviceReadBps     map[string]string `json:"device_read_bps,omitempty"`     // device -> bytes a second
	DeviceWriteBps    map[string]string `json:"device_write_bps,omitempty"`
	DeviceReadIOps    map[string]string `json:"device_read_iops,omitempty"` // device -> operations a second
	DeviceWriteIOps   map[string]string `json:"device_write_iops,omitempty"`
	CgroupParent      string            `json:"cgroup_parent,omitempty"`

	SecurityOpt       []string          `json:"security_opt,omitempty"` // name or name=value; a seccomp profile by its path on the host
	Sysctls           map[string]string `json:"sysctls,omitempty"`
	DeviceCgroupRules []string          `json:"device_cgroup_rules,omitempty"` // "c 188:* rwm"
	DeviceRequests    []DeviceRequest   `json:"device_requests,omitempty"`
	Runtime           string            `json:"runtime,omitempty"`
	Cgroupns          string            `json:"cgroupns,omitempty"` // host, private
	IPC               string            `json:"ipc,omitempty"`      // none, private, shareable, host, container:X
	PID               string            `json:"pid,omitempty"`      // host, container:X
	Userns            string            `json:"userns,omitempty"`   // host
	UTS               string            `json:"uts,omitempty"`      // host
}

// Healthcheck overrides the image's HEALTHCHECK. Durations are Go's
// ("1m30s"); "" and 0 leave what the image says.
type Healthcheck struct {
	Command       string   `json:"command,omitempty"` // run by a shell in the container
	Exec          []string `json:"exec,omitempty"`    // run without a shell; excludes Command
	Interval      string   `json:"interval,omitempty"`
	Timeout       string   `json:"timeout,omitempty"`
	StartPeriod   string   `json:"start_period,omitempty"`
	StartInterval string   `json:"start_interval,omitempty"`
	Retries       int      `json:"retries,omitempty"`
	Disable       bool     `json:"disable,omitempty"`
}

// Network is how a container is in one network.
type Network struct {
	Name          string            `json:"name,omitempty"`
	Aliases       []string          `json:"aliases,omitempty"`
	IPv4          string            `json:"ipv4,omitempty"`
	IPv6          string            `json:"ipv6,omitempty"`
	LinkLocalIPs  []string          `json:"link_local_ips,omitempty"`
	MAC           string            `json:"mac,omitempty"` // lower case, with colons
	DriverOptions map[string]string `json:"driver_options,omitempty"`
	Priority      int               `json:"priority,omitempty"` // the network with the highest is the way out
}

// Mount is an entry of Mounts: what docker run takes as --mount.
type Mount struct {
	Type   string `json:"type"`             // bind, volume, tmpfs
	Source string `json:"source,omitempty"` // a path of the host, or the name of a volume; "" is an anonymous one
	Target string `json:"target"`

	ReadOnly      bool              `json:"read_only,omitempty"`
	Propagation   string            `json:"propagation,omitempty"`    // bind
	Recursive     string            `json:"recursive,omitempty"`      // bind: disabled, writable, readonly
	CreateSource  bool              `json:"create_source,omitempty"`  // bind
	NoCopy        bool              `json:"no_copy,omitempty"`        // volume
	Subpath       string            `json:"subpath,omitempty"`        // volume
	Driver        string            `json:"driver,omitempty"`         // volume
	DriverOptions map[string]string `json:"driver_options,omitempty"` // volume
	Labels        map[string]string `json:"labels,omitempty"`         // volume
	Size          int64             `json:"size,omitempty"`           // tmpfs: bytes
	Mode          string            `json:"mode,omitempty"`           // tmpfs: octal
}

// DeviceRequest asks a device driver of Docker for devices: what docker run
// takes as --gpus.
type DeviceRequest struct {
	Driver       string            `json:"driver,omitempty"`
	Count        int               `json:"count,omitempty"` // -1 is all
	IDs          []string          `json:"ids,omitempty"`   // excludes Count
	Capabilities []string          `json:"capabilities,omitempty"`
	Options      map[string]string `json:"options,omitempty"`
}

// Joined lists the networks that c is in and that somebody has made: Network,
// where it is one, before Networks.
func (c Container) Joined() []Network {
	switch {
	case c.Network == "", c.Network == "default", c.Network == "bridge", c.Network == "host", c.Network == "none", strings.HasPrefix(c.Network, "container:"):
		return c.Networks
	}
	first := Network{}
	if c.Endpoint != nil {
		first = *c.Endpoint
	}
	first.Name = c.Network
	return append([]Network{first}, c.Networks...)
}

// NetworkNames are those of the networks that c is in: of Joined, or else bridge, Docker's
// own. A container in network host, none or container:NAME is in none.
func (c Container) NetworkNames() []string {
	switch c.Network {
	case "", "default", "bridge":
		return append([]string{"bridge"}, named(c.Networks)...)
	}
	return named(c.Joined())
}

func named(networks []Network) (names []string) {
	for _, n := range networks {
		names = append(names, n.Name)
	}
	return names
}

// Files lists the files of the host that c is made from. Its hash has their
// paths alone.
func (c Container) Files() []string {
	files := slices.Clone(c.EnvFiles)
	for _, o := range c.SecurityOpt {
		if path, ok := strings.CutPrefix(o, "seccomp="); ok && strings.HasPrefix(path, "/") {
			files = append(files, path)
		}
	}
	return files
}

// WantsResolvers reports whether a container of c is to be given the host's
// resolvers: it names none, and has a network of its own.
func (c Container) WantsResolvers() bool {
	return len(c.DNS) == 0 && c.Network != "host" && c.Network != "none" && !strings.HasPrefix(c.Network, "container:")
}

// Hash identifies c: 16 hex digits of the SHA-256 of its JSON, in which zero
// values are omitted and maps are sorted, so that a release that knows more
// fields gives an old Container its old hash.
func (c Container) Hash() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic("container spec is not JSON: " + err.Error()) // strings, numbers and maps of them always are
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

func (n Network) zero() bool { return reflect.DeepEqual(n, Network{}) }

func (h Healthcheck) zero() bool { return reflect.DeepEqual(h, Healthcheck{}) }
