package network

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rundock/supervisor/report"
)

// story is what `rundockd overlay explain --json` prints. Its field
// names stay.
type story struct {
	Version   int              `json:"version"`
	Host      string           `json:"host"`
	Time      time.Time        `json:"time"`
	Address   netip.Addr       `json:"address"`
	Network   string           `json:"network"`
	Peer      *ownerStory      `json:"peer,omitempty"`      // the host that has the address
	Container string           `json:"container,omitempty"` // known on its own host alone
	Names     []string         `json:"names,omitempty"`     // that DNS has for the address
	Verdict   string           `json:"verdict"`             // ok, unknown, wrong
	Findings  []report.Finding `json:"findings"`            // in the order of cause and effect
	Wrong     *report.Finding  `json:"wrong,omitempty"`     // the first that is wrong
}

type ownerStory struct {
	Host     string       `json:"host"` // its underlay address where the store does not tell
	Subnet   netip.Prefix `json:"subnet"`
	Underlay netip.Addr   `json:"underlay"`
	Alive    bool         `json:"alive"`
	Here     bool         `json:"here"`          // it is this host
	MTU      int          `json:"mtu,omitempty"` // of packets to it
}

// text is the story for people.
func (t story) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, seen from %s, %s\n", t.Address, t.Host, report.Stamp(t.Time))
	report.WriteFindings(&b, t.Findings)
	return b.String() + "\n" + report.LastLine(t.Findings) + "\n"
}
