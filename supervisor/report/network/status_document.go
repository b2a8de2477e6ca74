package network

import (
	"time"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

// statusReport is what `rundockd overlay status --json` prints. Its field names
// stay.
type statusReport struct {
	Version  int       `json:"version"`
	Host     string    `json:"host"`
	Time     time.Time `json:"time"`
	Networks []Status  `json:"networks"`
}

type Status struct {
	Name       string               `json:"name"`
	Verdict    string               `json:"verdict"`           // ok, unknown, wrong
	Problem    string               `json:"problem,omitempty"` // the first thing that is wrong, or could not be found out
	Next       string               `json:"next,omitempty"`    // what to do about it
	PID        int                  `json:"pid,omitempty"`     // of the agent
	Running    bool                 `json:"running"`           // the agent
	State      control.OverlayState `json:"state,omitempty"`   // that it told last
	Since      time.Time            `json:"since,omitzero"`    // when State began
	CIDR       string               `json:"cidr,omitempty"`
	VNI        uint32               `json:"vni,omitempty"`
	Subnet     string               `json:"subnet,omitempty"` // of this host
	Gateway    string               `json:"gateway,omitempty"`
	Underlay   string               `json:"underlay,omitempty"`
	MTU        int                  `json:"mtu,omitempty"`
	Encryption string               `json:"encryption"`
	Alive      bool                 `json:"alive"` // other hosts are told that this one is
	Peers      int                  `json:"peers"`
	Narrow     int                  `json:"narrow"`             // of those, to which only smaller packets than MTU pass
	Silent     int                  `json:"silent"`             // of those, that answer nothing in the network
	Registry   string               `json:"registry,omitempty"` // why it cannot be used, if it is needed and cannot
	Changes    int                  `json:"changes"`            // that the agent has made to the kernel since it started
	Healed     int                  `json:"healed"`             // of those, such as put right what others had changed
	Changed    time.Time            `json:"changed,omitzero"`

	silent bool // State is of long ago
}

func (r statusReport) exitCode() int {
	code := report.ExitWell
	for _, s := range r.Networks {
		code = max(code, report.ExitCode(s.Verdict))
	}
	return code
}
