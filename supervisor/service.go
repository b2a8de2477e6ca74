// Package supervisor turns a Service into a runit service directory: a list
// of files, computed without touching the system (Files). It owns the formats
// service.json and announce.json, which the generated scripts hand to
// `rundockd run` and `rundockd announce`, and the spec hash that decides
// whether a running container is the wanted one.
//
// The directory layout follows runit's own conventions (run, finish, check,
// log/run, env/; see runsv(8)) and the classic `docker-<name>` prefix.
package supervisor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

// Version is the version of service.json and announce.json.
const Version = 1

// Service is one service of one host: service.json.
type Service struct {
	Version     int       `json:"version"`
	Name        string    `json:"name"`                   // Docker's rule for container names
	Container   Container `json:"container,omitzero"`     // zero: announce-only, nothing is run
	Pull        string    `json:"pull,omitempty"`         // always, missing, never; "" means always
	StopTimeout int       `json:"stop_timeout,omitempty"` // seconds between TERM and KILL of the container; 0 means 10
	Announce    Announce  `json:"-"`                      // announce.json; zero: no sidecar
}

// Container is what the container is made of; every field of it enters the
// spec hash. Strings may hold $PRIVATE_IP, $PUBLIC_IP and $HOST, which the
// runner expands on the host (Expand).
type Container struct {
	Image       string            `json:"image"`
	Entrypoint  []string          `json:"entrypoint,omitempty"`
	Command     []string          `json:"command,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	EnvFiles    []string          `json:"env_files,omitempty"` // paths on the host, read at each start; Env wins
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

// Announce is announce.json: what the sidecar publishes for the service.
type Announce struct {
	Version   int            `json:"version"`
	Service   string         `json:"service"`
	Container bool           `json:"container,omitempty"` // false: announce-only, checks decide alone
	Drain     int            `json:"drain,omitempty"`     // seconds between withdrawal and stop; 0 means none
	Announces []Announcement `json:"announces"`           // the first is the service's own, further ones are named
}

// Announcement is one announced port.
type Announcement struct {
	Name          string            `json:"name,omitempty"`           // required from the second on: _<name>._tcp.<service>
	Port          int               `json:"port"`                     // the port others connect to
	ContainerPort int               `json:"container_port,omitempty"` // the port that listens in the container; 0 means Port
	Protocol      string            `json:"protocol,omitempty"`       // tcp or udp; "" means tcp
	As            string            `json:"as,omitempty"`             // public, private, container; "" means private
	Network       string            `json:"network,omitempty"`        // for container: whose address; "" means the container's first
	Priority      int               `json:"priority,omitempty"`       // 0 means 10
	Weight        int               `json:"weight,omitempty"`         // 0 means 100
	Lease         int               `json:"lease,omitempty"`          // seconds the record outlives its announcer; 0 means 15, minimum 5
	Tags          []string          `json:"tags,omitempty"`
	Meta          map[string]string `json:"meta,omitempty"`
	Check         *Check            `json:"check,omitempty"` // nil: HEALTHCHECK if the container has one, else tcp
}

// Check says how an announcement's health is found out.
type Check struct {
	Type     string   `json:"type"`               // docker, tcp, http, exec
	Path     string   `json:"path,omitempty"`     // http: "" means /
	Command  []string `json:"command,omitempty"`  // exec: run on the host
	Port     int      `json:"port,omitempty"`     // tcp, http: 0 means the announced one
	Interval string   `json:"interval,omitempty"` // "" means 1s
	Timeout  string   `json:"timeout,omitempty"`  // "" means 1s
	Rise     int      `json:"rise,omitempty"`     // successes before up; 0 means 1
	Fall     int      `json:"fall,omitempty"`     // failures before down; 0 means 3
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

// ReadService reads service.json at path. An unknown field or version is an
// error that names path.
func ReadService(path string) (Service, error) {
	var s Service
	if err := read(path, &s); err != nil {
		return s, err
	}
	return s, checkVersion(path, s.Version)
}

// ReadAnnounce is ReadService for announce.json.
func ReadAnnounce(path string) (Announce, error) {
	var a Announce
	if err := read(path, &a); err != nil {
		return a, err
	}
	return a, checkVersion(path, a.Version)
}

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func checkVersion(path string, v int) error {
	if v != Version {
		return fmt.Errorf("read %s: version is %d, this rundockd reads %d", path, v, Version)
	}
	return nil
}
