package network

import (
	"rundock/internal/overlay"
	"rundock/supervisor/report"
)

func (r peersReport) table() string {
	if len(r.Peers) == 0 {
		return ""
	}
	rows := [][]string{{"HOST", "SUBNET", "UNDERLAY", "ALIVE", "MTU", "SEEN", "PROBLEM"}}
	for _, s := range r.Peers {
		alive, seen, problem := "?", "-", s.Problem
		if s.Alive != nil {
			alive = report.YesNo(*s.Alive)
			if !*s.Alive && s.Known && !s.Here {
				alive = "late"
			}
		}
		if s.Silent && problem == "" {
			problem = "it answers nothing in the network: rundockd overlay explain " + overlay.Gateway(s.Subnet).String()
		}
		if !s.Seen.IsZero() {
			seen = report.Age(r.Time, s.Seen)
		}
		mtu := report.NumberCell(s.MTU)
		if s.Narrow {
			mtu += "<"
		}
		host := s.Host
		if s.Here {
			host += "*"
		}
		rows = append(rows, []string{report.Cell(host), s.Subnet.String(), s.Underlay.String(), alive, mtu, seen, problem})
	}
	return report.Table(rows)
}

// remarks are beside the table.
func (r peersReport) remarks() string {
	switch {
	case r.Trouble != "":
		return r.Trouble + "\n"
	case r.Registry != "":
		return "the store cannot be asked, and these are the hosts that the agent knew last: " + r.Registry + "\n"
	case len(r.Peers) == 0:
		return "no host has a subnet of network " + r.Network + " yet\n"
	}
	return ""
}
