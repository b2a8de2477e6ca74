// Package supervisor turns a Service into a runit service directory: a list
// of files, computed without touching the system (Files). It owns the formats
// service.json and announce.json, which the generated scripts hand to
// `rundockd run` and `rundockd announce`.
//
// It owns what is beside these as well: which services are installed
// (installed.go), their secrets and the digests of these (secret.go), what
// containers' files contain (contents.go), slots of stacks (slot.go), and
// definitions of templates (template.go).
//
// The directory layout follows runit's own conventions (run, finish, check,
// log/run, env/; see runsv(8)) and the classic `docker-<name>` prefix.
package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"rundock/internal/fstree"
	"rundock/internal/spec"
	"rundock/internal/stack"
)

// Version is the version of service.json and announce.json.
const Version = 1

// Service is one service of one host: service.json.
type Service struct {
	Version     int            `json:"version"`
	Name        string         `json:"name"`                      // Docker's rule for container names, and CheckName's; web-blue of a service web with a colour
	Container   spec.Container `json:"container,omitzero"`        // zero: announce-only, nothing is run
	Pull        string         `json:"pull,omitempty"`            // always, missing, never; "" means always
	StopTimeout int            `json:"stop_timeout,omitempty"`    // seconds between TERM and KILL of the container; 0 means 10
	Mounts      []string       `json:"requires_mounts,omitempty"` // absolute paths that must be mount points before the container is started
	Pin         string         `json:"pin,omitempty"`             // after a rollback: id of the image that is run, whatever Container.Image means now
	Stack       string         `json:"stack,omitempty"`           // that it is a slot of; "": it is of none
	Slot        stack.Slot     `json:"slot,omitzero"`             // the same: such as web.1

	Role string `json:"role,omitempty"` // main or standby, of a slot that two hosts have: the one with its lock runs it; "": it has none

	StartFirst int `json:"start_first,omitempty"` // seconds that another container has to become well beside the one whose place it takes; 0: that one is stopped first

	Job      bool `json:"job,omitempty"`      // its container runs once to its end, and again only where it is another, or asked for
	Attempts int  `json:"attempts,omitempty"` // of a job that fails: how often it is started again

	Announce Announce          `json:"-"` // announce.json; zero: no sidecar
	Log      Log               `json:"-"` // log/config of its loggers
	Secrets  map[string]string `json:"-"` // env/: values of Container.EnvSecrets
}

// Log is how much of a log is kept, which svlogd sees to.
type Log struct {
	Size int64 // bytes of a file before the next is begun; 0 means 1000000
	Keep int   // older files that are kept; 0 means 10
}

// Announce is announce.json: what the sidecar publishes for the service.
type Announce struct {
	Version   int            `json:"version"`
	Service   string         `json:"service"`             // Service.Name, with the colour
	Colour    string         `json:"colour,omitempty"`    // blue or green; "": the service has none
	Stack     string         `json:"stack,omitempty"`     // Service.Stack
	Slot      stack.Slot     `json:"slot,omitzero"`       // Service.Slot
	Container bool           `json:"container,omitempty"` // false: announce-only, checks decide alone
	Drain     int            `json:"drain,omitempty"`     // seconds between withdrawal and stop; 0 means none
	Aliases   []string       `json:"aliases,omitempty"`   // further names of Slot's service in its stack
	Announces []Announcement `json:"announces"`           // the first is the service's own, further ones are named
}

// Announcement is one announced port. What zeros of it and of Check mean is in internal/announce/defaults.
type Announcement struct {
	Name          string            `json:"name,omitempty"`           // required from the second on: _<name>._tcp.<service>
	Port          int               `json:"port,omitempty"`           // the port others connect to; 0: an address alone is announced
	ContainerPort int               `json:"container_port,omitempty"` // the port that listens in the container; 0 means Port
	Protocol      string            `json:"protocol,omitempty"`       // tcp or udp; "" means tcp
	As            string            `json:"as,omitempty"`             // public, private, container; "" means private
	Network       string            `json:"network,omitempty"`        // for container: whose address; "" means the container's first
	Priority      int               `json:"priority,omitempty"`       // 0 means 10
	Weight        int               `json:"weight,omitempty"`         // 0 means 100
	Lease         int               `json:"lease,omitempty"`          // seconds the record outlives its sidecar; 0 means 15, minimum 5
	Tags          []string          `json:"tags,omitempty"`
	Meta          map[string]string `json:"meta,omitempty"`
	Check         *Check            `json:"check,omitempty"` // nil: HEALTHCHECK if the container has one, else tcp
}

// ByHealthcheck reports whether a HEALTHCHECK of the container, if it has one,
// decides whether it is announced.
func (a Announcement) ByHealthcheck() bool {
	return a.Check == nil || a.Check.Type == "" || a.Check.Type == "docker"
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

// ReadService reads service.json at path. An unknown field or version is an
// error that names path.
func ReadService(path string) (Service, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Service{}, err
	}
	return ParseService(path, data)
}

// ParseService reads data, which is service.json of path.
func ParseService(path string, data []byte) (Service, error) {
	var s Service
	if err := parse(path, data, &s); err != nil {
		return s, err
	}
	return s, checkVersion(path, s.Version)
}

// JSON is service.json of s, as Files has it.
func (s Service) JSON() ([]byte, error) { return fstree.JSON(s) }

// ReadAnnounce is ReadService for announce.json.
func ReadAnnounce(path string) (Announce, error) {
	var a Announce
	data, err := os.ReadFile(path)
	if err != nil {
		return a, err
	}
	if err := parse(path, data, &a); err != nil {
		return a, err
	}
	return a, checkVersion(path, a.Version)
}

func parse(path string, data []byte, into any) error {
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
