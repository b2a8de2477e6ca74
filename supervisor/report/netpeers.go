package report

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"rundock/internal/overlay/roster"
)

const overlayPeersUsage = `usage: rundockd overlay peers [--json] NAME

One line for each host of an overlay network, this one as well: by the registry
(or the settings, where they list the hosts), and by what the agent of this host
knows; while the registry cannot be asked, those that the agent knew last.

  --json   one JSON document, described in docs/operations.md

Columns: HOST, "*" is this one; ALIVE: its agent says so, at least once in a lease's time, or "late": it does
not, and answers in the network, so that it is kept; MTU: how large
packets from here may be, "<" where less passes than the network's MTU; SEEN: how
long ago it last confirmed its subnet, which a living host does every hour. "-" is
none, "?" could not be found out.

Exit codes: 0 all is right; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 the agent does not know of a living host; 4 no
such network.
`

// ListPeers is `rundockd overlay peers`.
func ListPeers(args []string) int {
	set := flag.NewFlagSet("overlay peers", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := Arguments(set, overlayPeersUsage, args)
	switch {
	case done:
		return code
	case len(names) != 1:
		return BadUsage("overlay peers", fmt.Sprintf("it takes the name of one network, not %d", len(names)))
	}
	if _, code = resolveNetworks("overlay peers", names); code != 0 {
		return code
	}
	r := LookAgain(func(peersReport, bool) peersReport {
		f, ok := findPlace(names[0])
		if ok {
			f.askHosts(context.Background())
		}
		return f.peers()
	}, func(r peersReport) bool { return r.exitCode() == ExitWrong })
	if *asJSON {
		return printJSON(r, r.exitCode())
	}
	fmt.Print(r.table())
	fmt.Fprint(os.Stderr, r.remarks())
	return r.exitCode()
}

// peersReport is what `rundockd overlay peers --json` prints. Its field names
// stay.
type peersReport struct {
	Version int       `json:"version"`
	Host    string    `json:"host"`
	Time    time.Time `json:"time"`
	Network string    `json:"network"`
	MTU     int       `json:"mtu,omitempty"`
	Trouble string    `json:"trouble,omitempty"` // why nothing is known
	// Why the registry could not be asked: then these are the hosts that the
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
	Seen     time.Time    `json:"seen,omitzero"`   // when it last confirmed its subnet
	Problem  string       `json:"problem,omitempty"`
}

// peers judges the hosts. It is pure.
func (f netFacts) peers() peersReport {
	r := peersReport{
		Version: statusVersion, Host: f.Host, Time: f.Now.UTC(), Network: f.Network.Name, MTU: f.Says.MTU,
		Trouble: f.Place.Text, Registry: f.Registry.Text, Peers: []peerStatus{},
	}
	for _, host := range f.Hosts {
		r.Peers = append(r.Peers, f.peer(host))
	}
	slices.SortStableFunc(r.Peers, func(a, b peerStatus) int { return a.Subnet.Compare(b.Subnet) })
	return r
}

func (f netFacts) peer(host roster.Standing) peerStatus {
	s := peerStatus{Host: host.Host, Subnet: host.Subnet, Underlay: host.Underlay, Here: f.is(host), Seen: host.Seen.UTC()}
	s.Known = s.Here || f.Static
	for _, p := range f.Known.Peers {
		if p.Subnet != host.Subnet || p.Underlay != host.Underlay {
			continue
		}
		s.Known, s.MTU = true, f.Says.MTU
		if p.MTU != 0 && p.MTU < f.Says.MTU {
			s.MTU, s.Narrow = p.MTU, true
		}
	}
	if !f.Static && !f.Registry.is() {
		s.Alive = &host.Alive
	}
	if s.Alive != nil && *s.Alive && !s.Known {
		s.Problem = "this host's agent does not know of it"
	}
	return s
}

func (r peersReport) exitCode() int {
	code := ExitWell
	if r.Registry != "" {
		code = ExitUnknown
	}
	if r.Trouble != "" || slices.ContainsFunc(r.Peers, func(s peerStatus) bool { return s.Problem != "" }) {
		code = ExitWrong
	}
	return code
}

func (r peersReport) table() string {
	if len(r.Peers) == 0 {
		return ""
	}
	rows := [][]string{{"HOST", "SUBNET", "UNDERLAY", "ALIVE", "MTU", "SEEN", "PROBLEM"}}
	for _, s := range r.Peers {
		alive, seen, problem := "?", "-", s.Problem
		if s.Alive != nil {
			alive = yesNo(*s.Alive)
			if !*s.Alive && s.Known && !s.Here {
				alive = "late"
			}
		}
		if !s.Seen.IsZero() {
			seen = age(r.Time, s.Seen)
		}
		mtu := numberCell(s.MTU)
		if s.Narrow {
			mtu += "<"
		}
		host := s.Host
		if s.Here {
			host += "*"
		}
		rows = append(rows, []string{cellOf(host), s.Subnet.String(), s.Underlay.String(), alive, mtu, seen, problem})
	}
	return aligned(rows)
}

// remarks are beside the table.
func (r peersReport) remarks() string {
	switch {
	case r.Trouble != "":
		return r.Trouble + "\n"
	case r.Registry != "":
		return "the registry cannot be asked, and these are the hosts that the agent knew last: " + r.Registry + "\n"
	case len(r.Peers) == 0:
		return "no host has a subnet of network " + r.Network + " yet\n"
	}
	return ""
}
