package haproxy

import (
	"fmt"
	"time"
)

// Version of the settings' format.
const Version = 1

// Settings are those of a load balancer, as an operator has them. Parse fills in
// the defaults.
type Settings struct {
	Version     int        `json:"version"`
	Frontends   []Frontend `json:"frontends"`
	Services    []Service  `json:"services,omitempty"` // those that need more than their name; the others are found in Frontends
	Stats       *Stats     `json:"stats,omitempty"`    // nil: no page
	LogRequests bool       `json:"log_requests,omitempty"`
	HardStop    Duration   `json:"hard_stop,omitempty"` // how long an old process may live after a reload; 0 means 30 minutes
}

// Frontend is what HAProxy listens on.
type Frontend struct {
	Name         string   `json:"name"`
	Bind         []string `json:"bind"`                   // ADDRESS:PORT; the address may be * or empty
	Certificates []string `json:"certificates,omitempty"` // files with certificate, chain and key; with any of them, Bind is TLS
	Redirect     bool     `json:"redirect,omitempty"`     // to the same over TLS; then there are neither rules nor a service
	Rules        []Rule   `json:"rules,omitempty"`        // the first that fits counts
	Service      string   `json:"service,omitempty"`      // if none fits; "": such a request gets 404
}

// Rule gives requests to a service.
type Rule struct {
	Hosts   []string `json:"hosts,omitempty"` // names, or *.NAME for all below; none: all
	Paths   []string `json:"paths,omitempty"` // /api is /api and all below; none: all
	Service string   `json:"service"`
}

// Service says how a service is balanced.
type Service struct {
	Name    string   `json:"name"`
	Port    string   `json:"port,omitempty"`    // name of an announced port; "": the service's own
	Slots   int      `json:"slots,omitempty"`   // most instances of one colour; 0 means 8
	Floor   *int     `json:"floor,omitempty"`   // the backend with the traffic is not shrunk below it by the store; nil means 1
	Timeout Duration `json:"timeout,omitempty"` // for an answer to begin; 0 means 60 s
	Check   Check    `json:"check,omitzero"`
}

// Check is how HAProxy looks whether an instance is healthy.
type Check struct {
	Path     string   `json:"path,omitempty"`     // asked for by GET: 200 to 399 is healthy; "": that it takes connections is enough
	Host     string   `json:"host,omitempty"`     // sent with it; "" means the service's name
	Interval Duration `json:"interval,omitempty"` // of an instance that is well; 0 means 1 s
	Fast     Duration `json:"fast,omitempty"`     // of one that may be changing, or is down; 0 means 100 ms
	Timeout  Duration `json:"timeout,omitempty"`  // for a check's answer, once connected; 0 means Interval
	Rise     int      `json:"rise,omitempty"`     // checks in a row that bring it up; 0 means 2
	Fall     int      `json:"fall,omitempty"`     // checks in a row that bring it down; 0 means 3, and 2 at least
}

// Stats is the statistics page, with metrics for Prometheus at /metrics.
type Stats struct {
	Bind         string `json:"bind"`
	User         string `json:"user"`
	PasswordFile string `json:"password_file"`
}

// Duration is a time.Duration, written as "1.5s" in JSON.
type Duration time.Duration

// MarshalText and UnmarshalText make it a string in JSON.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText: see MarshalText.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && (v < time.Millisecond || v%time.Millisecond != 0) {
		err = fmt.Errorf("duration %q: want whole milliseconds, 1ms at least", text)
	}
	*d = Duration(v)
	return err
}

// String is d as HAProxy's configuration has it.
func (d Duration) String() string { return fmt.Sprintf("%dms", time.Duration(d).Milliseconds()) }
