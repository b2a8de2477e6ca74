package cutover

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rundock/internal/registry"
)

// Reached is how far a load balancer has come in the phase that the State has.
type Reached string

// What a load balancer acknowledges.
const (
	Serving  Reached = "serving"  // the map says Active; nothing is under way, or not yet prepared, or it went back
	Prepared Reached = "prepared" // MinHealthy servers of To are exactly UP
	InCanary Reached = "canary"   // the share goes to To
	Flipped  Reached = "flipped"  // the map file and the map say To
	Drained  Reached = "drained"  // flipped, and no session is left on the other colour
	Failed   Reached = "failed"   // it cannot do what the phase asks, for Reason
)

var allReached = []Reached{Serving, Prepared, InCanary, Flipped, Drained, Failed}

// Ack is what a load balancer says of a service. It is written anew whenever
// what it says has changed, and each second or so in the phases canary and flip,
// as of the counters.
type Ack struct {
	ID       string              `json:"id"` // whose key it is, as the store wants it: machine-id/balance/SERVICE
	Attempt  string              `json:"attempt,omitempty"`
	Reached  Reached             `json:"reached"`
	Colour   string              `json:"colour,omitempty"` // what the map says; "": there is no State yet
	Reason   string              `json:"reason,omitempty"` // why it has failed, or what it waits for
	Counters map[string]Counters `json:"counters,omitempty"`
	Servers  map[string]string   `json:"servers,omitempty"` // HAProxy's status of each instance, by address and port, for people
}

// Counters are HAProxy's own of a colour's backend, since HAProxy was started:
// one that is less than it was shows that it was started anew.
type Counters struct {
	Up       int   `json:"up"`       // servers exactly UP now
	Servers  int   `json:"servers"`  // servers that have a record now
	Sessions int   `json:"sessions"` // current ones
	Requests int64 `json:"requests"`
	Errors   int64 `json:"errors"` // 5xx answers, failed connections and responses
	Checks   int64 `json:"checks"` // failed checks
}

// since returns what was counted after before.
func (c Counters) since(before Counters) Counters {
	if c.Requests < before.Requests || c.Errors < before.Errors || c.Checks < before.Checks {
		before = Counters{}
	}
	c.Requests, c.Errors, c.Checks = c.Requests-before.Requests, c.Errors-before.Errors, c.Checks-before.Checks
	return c
}

// LoadBalancer registers a host as one, until it is taken away by role or hand.
type LoadBalancer struct {
	ID       string   `json:"id"`       // machine-id/balance
	Services []string `json:"services"` // sorted
}

// ParseAck reads an Ack.
func ParseAck(value []byte) (a Ack, err error) {
	err = registry.Decode(value, &a)
	switch {
	case err != nil:
	case a.ID == "":
		err = errors.New("no id")
	case !slices.Contains(allReached, a.Reached):
		err = fmt.Errorf("reached %q: want one of %v", a.Reached, allReached)
	case a.Colour != "" && !IsColour(a.Colour):
		err = fmt.Errorf("colour %q: want blue or green", a.Colour)
	case a.Reached == Failed && strings.TrimSpace(a.Reason) == "":
		err = errors.New("failed without a reason")
	}
	if err != nil {
		return a, fmt.Errorf("acknowledgement: %w", err)
	}
	return a, nil
}

// ParseLoadBalancer reads a LoadBalancer.
func ParseLoadBalancer(value []byte) (l LoadBalancer, err error) {
	if err = registry.Decode(value, &l); err == nil && l.ID == "" {
		err = errors.New("no id")
	}
	if err != nil {
		return l, fmt.Errorf("load balancer: %w", err)
	}
	return l, nil
}
