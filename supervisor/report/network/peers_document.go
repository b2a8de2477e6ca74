package network

import (
	"net/netip"
	"slices"
	"time"

	"rundock/supervisor/report"
)

// peersReport is what `rundockd overlay peers --json` prints. Its field names
// stay.
type peersReport struct {
	Version int       `json:"version"`
	Host    string    `json:"host"`
	Time    time.Time `json:"time"`
	Network string    `json:"network"`
	MTU     int       `json:"mtu,omitempty"`
	Trouble string    `json:"trouble,omitempty"` // why nothing is known
	// Why the store could not be asked: then these are the hosts that the
	// agent knew last.
	Registry string       `json:"registry,omitempty"`
	Peers    []peerStatus `json:"peers"`
}

type peerStatus struct {
	Host     string       `json:"host"` // its underlay address where its name is not known
	Subnet   netip.Prefix `json:"subnet"`
	Underlay netip.Addr   `json:"underlay"`
	Here     bool         `json:"here"`            // it is this host
	Alive    *bool        `json:"alive,omitempty"` // absent: not known
	Known    bool         `json:"known"`           // by the agent of this host
	MTU      int          `json:"mtu,omitempty"`   // of packets from here
	Narrow   bool         `json:"narrow"`          // that is less than the network's
	Silent   bool         `json:"silent"`          // it answers nothing in the network, as this host's agent finds
	Seen     time.Time    `json:"seen,omitzero"`   // when it last confirmed its subnet
	Problem  string       `json:"problem,omitempty"`
}

func (r peersReport) exitCode() int {
	code := report.ExitWell
	if r.Registry != "" || slices.ContainsFunc(r.Peers, func(s peerStatus) bool { return s.Silent }) {
		code = report.ExitUnknown
	}
	if r.Trouble != "" || slices.ContainsFunc(r.Peers, func(s peerStatus) bool { return s.Problem != "" }) {
		code = report.ExitWrong
	}
	return code
}
