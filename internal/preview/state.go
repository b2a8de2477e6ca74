package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Prefix is that of all keys of previews.
const Prefix = "/rundock/v1/preview/"

// StatePrefix is that of the State of each preview, by its name.
const StatePrefix = Prefix + "state/"

// StateKey is where the State of the preview name is; NameOf is its inverse.
func StateKey(name string) string { return StatePrefix + name }

// NameOf returns the preview whose State is at key. ok: it is such a key.
func NameOf(key string) (name string, ok bool) {
	name, ok = strings.CutPrefix(key, StatePrefix)
	return name, ok && name != "" && !strings.Contains(name, "/")
}

// Step is how far a preview is.
type Step string

// The steps of a preview, in order, but for the last two.
const (
	Queued    Step = "queued"    // it waits for a builder
	Building  Step = "building"  // its images are built
	Deploying Step = "deploying" // its containers are replaced
	Ready     Step = "ready"     // it runs as its commit says
	Failed    Step = "failed"    // build or deployment ended with an error
	Asleep    Step = "asleep"    // its containers are stopped, as nobody used it
)

var steps = []Step{Queued, Building, Deploying, Ready, Failed, Asleep}

// Steps are all, in that order. The slice is the caller's.
func Steps() []Step { return slices.Clone(steps) }

// State is how a preview stands. While a newer commit is built, deployed or has
// failed, Routes are those of the last good one, which goes on serving.
type State struct {
	Name string `json:"name"`
	Step Step   `json:"state"`

	// Routes say where requests go: the key is the label before the preview's name
	// ("": the name itself, and all labels without a route of their own), the values
	// are ADDRESS:PORT of the instances, any of which may answer. Empty: nothing
	// runs that could answer.
	Routes map[string][]string `json:"routes,omitempty"`

	Commit string    `json:"commit,omitempty"` // in hexadecimal, of what Step is about; "": none yet
	Since  time.Time `json:"since"`            // when Step began, by the clock of whoever wrote it
	Reason string    `json:"reason,omitempty"` // why it has failed, in one line, for people; no values of settings

	Host  string   `json:"host,omitempty"`  // whose builder has it: its containers and its log are there
	Done  *Job     `json:"done,omitempty"`  // the last job that was made, or has failed; nil: none
	Notes []string `json:"notes,omitempty"` // what is done otherwise than the branch's files say, as of Done
}

// Serves says whether requests can be passed on.
func (s State) Serves() bool { return s.Step != Asleep && len(s.Routes) > 0 }

// ParseState reads a State. Fields that this release does not know are left out, so
// that routers of one release read what builders of the next one write.
func ParseState(value []byte) (s State, err error) {
	if err = json.Unmarshal(value, &s); err == nil {
		err = s.check()
	}
	if err != nil {
		return s, fmt.Errorf("preview state: %w", err)
	}
	return s, nil
}

func (s State) check() error {
	if s.Name == "" {
		return errors.New("no name")
	}
	if !slices.Contains(steps, s.Step) {
		return fmt.Errorf("state %q: want one of %v", s.Step, steps)
	}
	for label, addresses := range s.Routes {
		if strings.ContainsAny(label, "./:") || label != strings.ToLower(label) {
			return fmt.Errorf("route %q: want one label in lower case", label)
		}
		if len(addresses) == 0 {
			return fmt.Errorf("route %q: no address", label)
		}
		for _, a := range addresses {
			if _, err := netip.ParseAddrPort(a); err != nil {
				return fmt.Errorf("route %q: %w", label, err)
			}
		}
	}
	return nil
}

// JSON is s as it is stored.
func (s State) JSON() []byte { return stored(s) }
