// Package control is what modules and rundockd tell each other: the status
// files under /run/rundock, the file that says that the host is drained, and the
// requests and responses of `rundockd ctl`, `stack ctl` and `cert ctl`. All are JSON with a version. It does no networking, so that modules stay
// small.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/fstree"
)

// Version is the version of the status files and of ctl.
const Version = 1

// Dir is where each service has a folder with its status files.
const Dir = "/run/rundock"

// Phase is what a runner is doing.
type Phase string

const (
	Pulling  Phase = "pulling"
	Backoff  Phase = "backoff" // waiting before the next start after crashes
	Running  Phase = "running"
	Stopping Phase = "stopping"
	Stopped  Phase = "stopped" // the runner has left and the container is stopped
	Left     Phase = "left"    // the runner has left the container running for its successor
	Drained  Phase = "drained" // the host is drained: the container is stopped, and none is started until it is so no longer
	Standby  Phase = "standby" // the slot runs on another host, or may again in a moment: its lock is not here, and Error says where; no container is started
	Ended    Phase = "ended"   // a job's container has run to its end and is not started again; ExitCode says how it ended
	Waiting  Phase = "waiting" // dockerd cannot be reached; Error says why
)

// Idles reports whether a runner of this phase is as it should be, and is to have no
// container now.
func (p Phase) Idles() bool { return p == Drained || p == Standby }

// RunnerStatus is /run/rundock/<service>/runner.json.
type RunnerStatus struct {
	Version    int        `json:"version"`
	Service    string     `json:"service"`
	PID        int        `json:"pid"`              // of the runner
	Digest     string     `json:"digest,omitempty"` // of RunnerReads when it started
	Phase      Phase      `json:"phase"`
	Container  string     `json:"container,omitempty"`  // id; "": there is none, and Image, Spec and Contents are the last one's
	Image      string     `json:"image,omitempty"`      // id of the image the container runs
	Spec       string     `json:"spec,omitempty"`       // hash of the spec the container was made from
	Wanted     string     `json:"wanted,omitempty"`     // hash of the spec in service.json
	Contents   string     `json:"contents,omitempty"`   // of the files that the container was made from (supervisor.Contents)
	Started    time.Time  `json:"started,omitzero"`     // of the container
	ExitCode   int        `json:"exit_code,omitempty"`  // of the last run that ended
	Crashes    int        `json:"crashes,omitempty"`    // ends in a row that came too soon
	Attempts   int        `json:"attempts,omitempty"`   // of a job: runs in a row that failed; what could not be started is none
	Deployment string     `json:"deployment,omitempty"` // names what was asked for last: another spec, a rollback, a restart; containers made after crashes are of the same
	NextStart  time.Time  `json:"next_start,omitzero"`  // in phase backoff
	Failed     time.Time  `json:"failed,omitzero"`      // when the container ended last, or could not be started; while it matters
	Error      string     `json:"error,omitempty"`      // the last thing that went wrong and still matters
	Warning    string     `json:"warning,omitempty"`    // such as: pull failed, running the image that is here
	Remade     string     `json:"remade,omitempty"`     // why the container took the place of the last one although nobody asked
	Withdrew   string     `json:"withdrew,omitempty"`   // id of the container that the sidecar was asked to withdraw, so that it could be stopped
	Paused     bool       `json:"paused,omitempty"`     // somebody has paused the container
	Lacks      []string   `json:"lacks,omitempty"`      // networks that the container was taken off, and that the runner does not bring it back into
	Pause      *Pause     `json:"pause,omitempty"`      // the last one of the runner's own
	Succession Succession `json:"succession,omitzero"`  // the last one
	First      Process    `json:"first,omitzero"`       // of the container that was adopted last, also after its end
	Locked     *Locked    `json:"locked,omitempty"`     // nil: the service needs no lock
	Unchecked  *Unchecked `json:"unchecked,omitempty"`  // why Docker makes no health checks; holds while that is of the container's last check
	Since      time.Time  `json:"since"`                // when Phase began
}

// Succession is that a container has taken the place of another while both ran, so that
// the service was there all the time.
type Succession struct {
	From     string `json:"from"`               // id of the one that was
	To       string `json:"to"`                 // id of the one that is, and was well before it was
	Renaming bool   `json:"renaming,omitempty"` // they are just given each other's place, so that none may have the service's name
}

// Process is the first process of a container, as dockerd named it. By now another one may
// have its id, which is told by its cgroup.
type Process struct {
	Container string `json:"of"`      // id
	PID       int    `json:"process"` // not "pid": whoever takes that out of the file by sed wants the runner's
}

// Locked is of a slot that two hosts have what its host needs to know where it cannot read the
// service: the container may run under the slot's lock alone.
type Locked struct {
	Role        string `json:"role"`                   // main or standby
	StopTimeout int    `json:"stop_timeout,omitempty"` // seconds between TERM and KILL of the container; 0 means 10
}

// AnnounceState is what a sidecar is doing.
type AnnounceState string

const (
	Announced AnnounceState = "announced"
	Unhealthy AnnounceState = "waiting"   // not up, or not healthy: Reason says why
	Conflict  AnnounceState = "held"      // another id holds the key; the word is older than the name
	Unreached AnnounceState = "unreached" // healthy, but the store cannot be reached
	Draining  AnnounceState = "draining"  // withdrawn, and clients are given time to leave
	Withdrawn AnnounceState = "withdrawn" // on request, until another container is up
	StandsBy  AnnounceState = "standby"   // Beside alone says so: there is to be no container
)

// AnnounceStatus is /run/rundock/<service>/announce.json.
type AnnounceStatus struct {
	Version   int           `json:"version"`
	Service   string        `json:"service"`
	PID       int           `json:"pid"`
	Digest    string        `json:"digest,omitempty"` // of SidecarReads when it started
	State     AnnounceState `json:"state"`
	Reason    string        `json:"reason,omitempty"`    // why it is not announced
	Stays     string        `json:"stays,omitempty"`     // why a record that was to be withdrawn may be in the store until its lease ends
	Lacks     string        `json:"lacks,omitempty"`     // where records go to two stores: why the second one lacks them
	Container string        `json:"container,omitempty"` // id of the container the state speaks of
	Records   []Record      `json:"records,omitempty"`   // what is, or would be, announced
	Keys      []string      `json:"keys,omitempty"`      // of the store that may have a record of the service: those it is, or would be, announced by, and what predecessors left that is not withdrawn yet
	Colour    string        `json:"colour,omitempty"`    // of the service; "": it has none
	Stack     string        `json:"stack,omitempty"`     // of which it is a slot; "": it is of none
	Slot      string        `json:"slot,omitempty"`      // such as web.1
	Active    string        `json:"active,omitempty"`    // the colour that answers the service's name; "": not known, or Colour is ""
	Drained   bool          `json:"drained,omitempty"`   // it is withdrawn as the host is drained
	Since     time.Time     `json:"since"`
}

// Beside is s as it is to be read beside the status of its service's runner: the sidecar of a
// standby waits for a container that is not to be there.
func (s AnnounceStatus) Beside(r RunnerStatus) AnnounceStatus {
	if r.Phase == Standby && s.State != Announced {
		s.State, s.Reason = StandsBy, r.Error
	}
	return s
}

// Record is an announced key.
type Record struct {
	Key  string `json:"key"`
	Name string `json:"name"` // its DNS name
	Host string `json:"host"`
	Port int    `json:"port"`
}

// AllKeys are Keys, and those of Records: all there are of a status that was written
// by a release without Keys.
func (s AnnounceStatus) AllKeys() []string {
	all := slices.Clone(s.Keys)
	for _, r := range s.Records {
		if !slices.Contains(all, r.Key) {
			all = append(all, r.Key)
		}
	}
	return all
}

// Unwanted are those of Keys by which the service is not announced, nor is to be.
func (s AnnounceStatus) Unwanted() []string {
	return slices.DeleteFunc(slices.Clone(s.Keys), func(key string) bool {
		return slices.ContainsFunc(s.Records, func(r Record) bool { return r.Key == key })
	})
}

// Idle reports whether the service's name is not answered by these records, as
// the other colour is active.
func (s AnnounceStatus) Idle() bool { return s.Active != s.Colour }

// Of is the service of which this is an instance, as DNS has it in the zone: web,
// also of web-blue; web.shop of the slot web.1 of stack shop.
func (s AnnounceStatus) Of() string {
	if s.Stack == "" {
		return ServiceOf(s.Service, s.Colour)
	}
	service, _, _ := strings.Cut(s.Slot, ".")
	return strings.ToLower(service) + "." + s.Stack
}

// ServiceOf is the service that is announced as name and colour: web of web-blue
// and blue. Without a colour it is name.
func ServiceOf(name, colour string) string {
	if colour == "" {
		return name
	}
	return strings.TrimSuffix(name, "-"+colour)
}

// RecordID is the id in the records of a host's service: MACHINE/web, or
// MACHINE/web/blue.
func RecordID(machine, name, colour string) string {
	id := machine + "/" + ServiceOf(name, colour)
	if colour != "" {
		id += "/" + colour
	}
	return id
}

// ReadRunner reads a runner's status; the zero status and no error mean that
// none was written yet.
func ReadRunner(dir, service string) (RunnerStatus, error) {
	var s RunnerStatus
	return s, readStatus(filepath.Join(dir, service, "runner.json"), &s)
}

// ReadAnnounce is ReadRunner for the sidecar.
func ReadAnnounce(dir, service string) (AnnounceStatus, error) {
	var s AnnounceStatus
	return s, readStatus(filepath.Join(dir, service, "announce.json"), &s)
}

func readStatus(path string, into any) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// WriteRunner replaces a runner's status file. Readers see the old or the
// new one whole; it is not synced, as /run does not outlive a boot.
func WriteRunner(dir string, s RunnerStatus) error {
	s.Version = Version
	return writeStatus(filepath.Join(dir, s.Service), "runner.json", s)
}

// WriteAnnounce is WriteRunner for the sidecar.
func WriteAnnounce(dir string, s AnnounceStatus) error {
	s.Version = Version
	return writeStatus(filepath.Join(dir, s.Service), "announce.json", s)
}

func writeStatus(dir, name string, s any) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write status %s: %w", name, err)
	}
	if err := fstree.Publish(filepath.Join(dir, name), 0o644, append(data, '\n')); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}
