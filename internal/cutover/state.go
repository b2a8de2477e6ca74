package cutover

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rundock/internal/registry"
)

// Phase is where an attempt is, see the package's comment.
type Phase string

// The phases, in order; Back may follow each of the first three.
const (
	Prepare Phase = "prepare"
	Canary  Phase = "canary"
	Flip    Phase = "flip"
	Settled Phase = "settled"
	Back    Phase = "back"
)

// State says which colour of a service has its traffic, and how the attempt to
// give it to the other one stands.
type State struct {
	Active  string    `json:"active"`            // the colour with the traffic, until the attempt is settled
	To      string    `json:"to"`                // the colour that is wanted; Active where nothing is under way
	Phase   Phase     `json:"phase"`             //
	Attempt string    `json:"attempt,omitempty"` // id of the attempt, or of the last one; "": there was none
	Who     string    `json:"who,omitempty"`     // asked for it, by inventory name
	Image   string    `json:"image,omitempty"`   // of To, by digest; "": not known
	Since   time.Time `json:"since"`             // when the phase began, by the clock of whoever wrote it

	MinHealthy    int     `json:"min_healthy,omitempty"`    // servers of To that each load balancer must see exactly UP; 0 means all it knows, and 1 at least
	Drain         int     `json:"drain,omitempty"`          // seconds that sessions of the other colour may last after the flip; 0 means that they are shut down at once
	Timeout       int     `json:"timeout,omitempty"`        // seconds for each phase, besides Drain, Window and CanarySeconds; 0 means 60
	CanaryPercent float64 `json:"canary_percent,omitempty"` // of new sessions that go to To in the phase canary; 0 means that there is no such phase
	CanarySeconds int     `json:"canary_seconds,omitempty"` // how long it lasts

	Rollback Rollback            `json:"rollback,omitzero"`
	Before   map[string]Counters `json:"before,omitempty"` // of To by load balancer, when the phase canary or flip began

	From Phase  `json:"from,omitempty"` // in back: the phase in which it was decided
	Why  string `json:"why,omitempty"`  // in back, and in settled after it: why
}

// Rollback says what makes an attempt go back after the flip, and in the canary
// phase. Zero: nothing but a load balancer does.
type Rollback struct {
	ErrorPercent float64 `json:"error_percent,omitempty"` // of requests to To that failed; 0: not looked at
	Checks       int     `json:"checks,omitempty"`        // failed checks of servers of To; 0: not looked at
	Window       int     `json:"window,omitempty"`        // seconds after the flip before which the attempt is not settled, so that it can go back
}

// Lock is held while somebody leads an attempt.
type Lock struct {
	ID    string    `json:"id"` // the attempt's
	Who   string    `json:"who"`
	Host  string    `json:"host"` // where rundockd switch runs
	To    string    `json:"to"`
	Since time.Time `json:"since"`
}

// First is the State of a service whose first colour is announced.
func First(colour string, now time.Time) State {
	return State{Active: colour, To: colour, Phase: Settled, Since: now.UTC()}
}

// DNS is the colour that answers the service's plain name: the active one.
// Those who come by name learn of a switch when it is settled; until then the
// other colour runs.
func (s State) DNS() string { return s.Active }

// Map is the colour that a load balancer's map says; in the phase canary a share
// goes to To besides.
func (s State) Map() string {
	if s.Phase == Flip {
		return s.To
	}
	return s.Active
}

// ParseState reads a State.
func ParseState(value []byte) (s State, err error) {
	if err := registry.Decode(value, &s); err != nil {
		return s, fmt.Errorf("switch state: %w", err)
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("switch state: %w", err)
	}
	return s, nil
}

func (s State) check() error {
	switch s.Phase {
	case Prepare, Canary, Flip, Back:
		if s.Attempt == "" {
			return fmt.Errorf("phase %s without attempt", s.Phase)
		}
	case Settled:
		if s.To != s.Active {
			return fmt.Errorf("phase settled, and active is %s while to is %s", s.Active, s.To)
		}
	default:
		return fmt.Errorf("phase %q: want prepare, canary, flip, settled or back", s.Phase)
	}
	for _, c := range []struct{ field, colour string }{{"active", s.Active}, {"to", s.To}} {
		if !IsColour(c.colour) {
			return fmt.Errorf("%s %q: want blue or green", c.field, c.colour)
		}
	}
	for _, n := range []struct {
		field string
		value int
	}{
		{"min_healthy", s.MinHealthy}, {"drain", s.Drain}, {"timeout", s.Timeout}, {"canary_seconds", s.CanarySeconds},
		{"rollback.checks", s.Rollback.Checks}, {"rollback.window", s.Rollback.Window},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s %d is less than 0", n.field, n.value)
		}
	}
	for _, p := range []struct {
		field string
		value float64
	}{{"canary_percent", s.CanaryPercent}, {"rollback.error_percent", s.Rollback.ErrorPercent}} {
		if p.value < 0 || p.value > 100 {
			return fmt.Errorf("%s %v is not between 0 and 100", p.field, p.value)
		}
	}
	return nil
}

// ParseLock reads a Lock.
func ParseLock(value []byte) (l Lock, err error) {
	if err = registry.Decode(value, &l); err == nil && l.ID == "" {
		err = errors.New("no id")
	}
	if err != nil {
		return l, fmt.Errorf("switch lock: %w", err)
	}
	return l, nil
}

// JSON is a value as it is stored.
func JSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and times can be written
	}
	return data
}
