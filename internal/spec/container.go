// Package spec says what a container is made of: the part of service.json that
// decides whether a running container is the wanted one (Hash), read from the
// flags of `docker run` (ParseArgs), with the host's addresses filled in
// (Expand), and shown as the docker command that it stands for (DockerCommand).
// It is pure: it touches neither the system nor Docker.
//
// Source of the flags, their values and their meaning: docker run(1), and the
// Docker Engine API from 1.41.
package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Container is what the container is made of; every field of it enters the
// spec hash. Strings may hold $PRIVATE_IP, $PUBLIC_IP and $HOST, which the
// runner expands on the host (Expand).
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
}

// Healthcheck overrides the image's HEALTHCHECK. Durations are Go's
// ("1m30s"); "" and 0 leave what the image says.
type Healthcheck struct {
	Command       string `json:"command,omitempty"` // run by a shell in the container
	Interval      string `json:"interval,omitempty"`
	Timeout       string `json:"timeout,omitempty"`
	StartPeriod   string `json:"start_period,omitempty"`
	StartInterval string `json:"start_interval,omitempty"`
	Retries       int    `json:"retries,omitempty"`
	Disable       bool   `json:"disable,omitempty"`
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
