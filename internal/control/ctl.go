package control

import (
	"encoding/json"
	"fmt"
	"path/filepath"
)

// LockFile is the file that a module locks, by flock(2), for as long as it is
// at work on service. Prepare notes in it the host ports that it found free,
// which no other service can have until then.
func LockFile(dir, service string) string { return filepath.Join(dir, "."+service+".lock") }

// Op is what `rundockd ctl` is asked to do.
type Op string

const (
	// Prepare pulls the image as the policy says, and has the Docker daemon
	// check everything that it can check before anything is stopped or
	// written: a trial creation of the container, its host ports free, also of
	// services that are being installed meanwhile (LockFile).
	Prepare Op = "prepare"
	// Announceable finds out whether what Announce says can be announced of the
	// container that the service has. It changes nothing.
	Announceable Op = "announceable"
	// Wait returns when the service is as Want says, or when it cannot become so.
	Wait Op = "wait"
	// Keep gives the image with the id Image a tag of the service's own, so that
	// it stays when its present tag comes to mean another.
	Keep Op = "keep"
	// Stop makes sure that the service has no container: one that is there is
	// stopped and removed with its anonymous volumes. Then the runner's status
	// says so. The service's runner is gone by then.
	Stop Op = "stop"
	// Adopt has a container that somebody else made under the service's name, and
	// that Prepare with Adopt has found fit, make room for the service's own: it is
	// stopped and removed; its volumes stay, anonymous ones as well.
	Adopt Op = "adopt"
	// Last warns where the service, which has a colour, is the only instance of it in
	// the store.
	Last Op = "last"
	// Remove is Stop, and takes away the service's state under /run/rundock and
	// /var/lib/rundock.
	Remove Op = "remove"
	// Read answers what Key is in Store at this moment.
	Read Op = "read"
	// Swap makes Key of Store New if it is Old, or nothing, and says which.
	Swap Op = "swap"
)

// UnknownOp begins the error of an Op that rundockd does not know.
const UnknownOp = "rundockd ctl: unknown op"

// Request is one JSON object on stdin of `rundockd ctl`, which reads them to
// the end of its input and answers each when it is done.
type Request struct {
	Version int             `json:"version"`
	ID      int             `json:"id,omitempty"` // of the answer; 0 where there is but one request
	Op      Op              `json:"op"`
	Service string          `json:"service"`        // name
	Spec    json.RawMessage `json:"spec,omitempty"` // prepare: the wanted service.json
	// prepare, announceable: the wanted announce.json; none: there is no sidecar
	Announce json.RawMessage `json:"announce,omitempty"`
	Want                     // wait
	Image    string          `json:"image,omitempty"`   // keep: id
	Adopt    bool            `json:"adopt,omitempty"`   // prepare: a container of somebody else's may be there, if it fits
	Timeout  int             `json:"timeout,omitempty"` // seconds
	Pulled   int             `json:"pulled,omitempty"`  // wait: seconds that pulling the image took before, which count as waited
	Check    bool            `json:"check,omitempty"`   // prepare, stop, remove: change nothing, say what would come of it
	Stack    string          `json:"stack,omitempty"`   // stop, remove: of the service's containers, those alone of a slot of this stack; "": all
	Slot     string          `json:"slot,omitempty"`    // the same: the slot
	Store    string          `json:"store,omitempty"`   // read, swap: etcd or consul, by host.json's settings
	Key      string          `json:"key,omitempty"`     // read, swap: with its slash
	Old      []byte          `json:"old,omitempty"`     // swap: what is there
	Exists   bool            `json:"exists,omitempty"`  // swap: whether there is anything
	New      []byte          `json:"new,omitempty"`     // swap: what is to be
	Delete   bool            `json:"delete,omitempty"`  // swap: there is to be nothing
}

// Late is what a wait says that ended with its time.
func (q Request) Late() string {
	late := fmt.Sprintf("%s is not %s after %ds", q.Service, q.For, q.Pulled+q.Timeout)
	if q.Pulled > 0 {
		late += fmt.Sprintf(", of which pulling its image took %ds", q.Pulled)
	}
	return late
}

// Key is a key of the store as it is now.
type Key struct {
	Exists bool   `json:"exists"`
	Value  []byte `json:"value"`
	ID     string `json:"id,omitempty"`    // of a record: whose it is
	Lease  string `json:"lease,omitempty"` // under which it is held; "": none
}

// Response is one JSON object on stdout. Error is empty on success; it names
// the operation and the object, and ends with the container's last log lines
// where they help.
type Response struct {
	Version  int             `json:"version"`
	ID       int             `json:"id,omitempty"` // of the request
	Error    string          `json:"error,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Unkept   []string        `json:"unkept,omitempty"`  // prepare: paths at which the image keeps data and the service has no volume
	Adopts   bool            `json:"adopts,omitempty"`  // prepare: such a container is there
	Ignored  []string        `json:"ignored,omitempty"` // prepare: what dockerd says it will not heed of the container
	Image    string          `json:"image,omitempty"`   // prepare: id of the image
	Pulling  int             `json:"pulling,omitempty"` // prepare: seconds that pulling it took
	Changed  bool            `json:"changed,omitempty"` // stop, remove: a container was there
	Foreign  bool            `json:"foreign,omitempty"` // the same: one was there that is not of the slot, and is left
	Key      *Key            `json:"key,omitempty"`     // read
	Swapped  bool            `json:"swapped,omitempty"` // swap: false: the key was not Old any more
	Runner   *RunnerStatus   `json:"runner,omitempty"`
	Announce *AnnounceStatus `json:"announce,omitempty"`
}
