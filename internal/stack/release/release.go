package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rundock/internal/registry"
	"rundock/internal/stack"
)

// Version is that of the format.
const Version = 1

// MostBytes is what a value may have: etcd takes half as much again in a call.
const MostBytes = 1 << 20

const (
	statesBytes = 64 << 10 // what a release may grow by, once it is planned
	whyBytes    = 4 << 10  // of Why: the rest of it is cut off
)

// State is where a release is, see the package's comment.
type State string

// The states.
const (
	Planned State = "planned"
	Rolling State = "rolling"
	Current State = "current"
	Past    State = "past"
	Failed  State = "failed"
	Undone  State = "undone"
)

// follows are the states that may come after each.
var follows = map[State][]State{
	Planned: {Rolling, Undone},
	Rolling: {Current, Failed},
	Current: nil,
	Failed:  {Undone},
	Past:    nil,
	Undone:  nil,
}

// Release is one version of a stack.
type Release struct {
	Version int       `json:"version"`
	Number  int       `json:"release"`
	From    int       `json:"from,omitempty"` // the current one when it was planned; 0: there was none
	State   State     `json:"state"`
	Since   time.Time `json:"since"`           // when the state began, by the clock of whoever wrote it
	Who     string    `json:"who,omitempty"`   // asked for it
	Why     string    `json:"why,omitempty"`   // in failed and undone: why
	Begun   int       `json:"begun,omitempty"` // waves that have begun
	Done    bool      `json:"done,omitempty"`  // in current: what left is stopped

	Inputs   string              `json:"inputs"` // hash of what was asked for: files, variables, scale
	Model    stack.Stack         `json:"model"`
	Images   map[string]string   `json:"images,omitempty"`  // by service: name@sha256:...
	Secrets  map[string][]byte   `json:"secrets,omitempty"` // sealed, by name: see Seal
	Slots    map[stack.Slot]Slot `json:"slots,omitempty"`
	Networks map[string]Network  `json:"networks,omitempty"` // of the stack's own, by key of Model.Networks
	Lost     []string            `json:"lost,omitempty"`     // hosts that are given up: nothing is done there
	Skipped  []string            `json:"skipped,omitempty"`  // services: jobs that it does not run, as it goes back
}

// Slot is where a slot is, and what its container is made of.
type Slot struct {
	stack.Place
	Hash    string `json:"hash"`              // see SpecHash
	Waiting bool   `json:"waiting,omitempty"` // its data is on Host, which cannot run it now
	Why     string `json:"why,omitempty"`     // why it is on Host
}

// Network is what a network of the stack was given from the site's pool.
type Network struct {
	Subnet string `json:"subnet"`
	VNI    int    `json:"vni"`
}

// Pointer says which release is current.
type Pointer struct {
	Release int `json:"release"`
}

// Lock is held while somebody works on a stack.
type Lock struct {
	ID    string    `json:"id"` // the run's
	Who   string    `json:"who"`
	Host  string    `json:"host"` // where it runs
	Does  string    `json:"does"` // such as deploy
	Since time.Time `json:"since"`
}

// String names the holder: ada on node-back-1, which does deploy since 12:00:05 UTC.
func (l Lock) String() string {
	return fmt.Sprintf("%s on %s, which does %s since %s", l.Who, l.Host, l.Does, l.Since.UTC().Format("15:04:05 MST"))
}

// Enter is r in another state. A state that does not follow is an error.
func (r Release) Enter(s State, why string, now time.Time) (Release, error) {
	if !slices.Contains(follows[r.State], s) {
		return r, fmt.Errorf("release %d of %s is %s, and cannot become %s", r.Number, r.Model.Name, r.State, s)
	}
	r.State, r.Why, r.Since = s, why[:min(len(why), whyBytes)], now.UTC()
	return r, nil
}

// GoBack is a new release that is as old was: its model, images, secrets and
// networks. Its slots are where old had them, so that the caller plans them again
// for hosts as they are now. It runs no jobs.
func GoBack(old Release, number, from int, who string, now time.Time) Release {
	r := old
	r.Number, r.From, r.Who, r.Since, r.State = number, from, who, now.UTC(), Planned
	r.Why, r.Begun, r.Done, r.Lost = "", 0, false, nil
	return r.WithoutJobs()
}

// WithoutJobs is r that runs no job.
func (r Release) WithoutJobs() Release {
	r.Skipped = nil
	for _, name := range sortedKeys(r.Model.Services) {
		if r.Model.Services[name].Job {
			r.Skipped = append(r.Skipped, name)
		}
	}
	return r
}

// JSON is r as it is stored. An error says that it is too large.
func (r Release) JSON() ([]byte, error) {
	data, most := encode(r), MostBytes
	if r.State != Planned {
		most += statesBytes
	}
	if len(data) > most {
		return nil, fmt.Errorf("release %d of %s is %d bytes, and %d are the most: %d are its model and %d its secrets; configs count for nothing, and two stacks have twice as much",
			r.Number, r.Model.Name, len(data), MostBytes, len(r.Model.JSON()), len(encode(r.Secrets)))
	}
	return data, nil
}

// Parse reads a Release.
func Parse(value []byte) (r Release, err error) {
	if err = registry.Decode(value, &r); err == nil {
		err = r.check()
	}
	if err != nil {
		return r, fmt.Errorf("release: %w", err)
	}
	return r, nil
}

func (r Release) check() error {
	switch _, known := follows[r.State]; {
	case r.Version != Version:
		return fmt.Errorf("version is %d, this rundockd reads %d", r.Version, Version)
	case r.Number < 1:
		return fmt.Errorf("number %d", r.Number)
	case !known:
		return fmt.Errorf("state %q: want planned, rolling, current, past, failed or undone", r.State)
	case r.From >= r.Number || r.From < 0:
		return fmt.Errorf("release %d from %d", r.Number, r.From)
	case r.Model.Name == "":
		return errors.New("a model without name")
	case r.Model.Version != stack.Version:
		return fmt.Errorf("version of the model is %d, this rundockd reads %d", r.Model.Version, stack.Version)
	}
	for slot, s := range r.Slots {
		if s.Host == "" {
			return fmt.Errorf("slot %s without host", slot)
		}
	}
	return nil
}

// encode is a value as it is stored.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers, times, and maps of them can be written
	}
	return data
}
