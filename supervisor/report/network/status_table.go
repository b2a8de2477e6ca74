package network

import (
	"strconv"

	"rundock/supervisor/report"
)

func (r statusReport) table() string {
	if len(r.Networks) == 0 {
		return ""
	}
	rows := [][]string{{"NETWORK", "STATE", "SUBNET", "MTU", "PEERS", "ALIVE", "NARROW", "ENCRYPTION", "CHANGES", "HEALED", "LAST", "PROBLEM"}}
	for _, s := range r.Networks {
		state := report.Cell(string(s.State))
		switch {
		case s.Verdict == "unknown" && s.Silent == 0:
			state = "?"
		case !s.Running && s.State != "":
			state = "gone" // without saying so: this was its last word
		case s.silent:
			state = "silent"
		}
		last := "-"
		if !s.Changed.IsZero() {
			last = report.Age(r.Time, s.Changed)
		}
		rows = append(rows, []string{
			s.Name, state, report.Cell(s.Subnet), report.NumberCell(s.MTU), strconv.Itoa(s.Peers), report.YesNo(s.Alive), strconv.Itoa(s.Narrow), s.Encryption,
			strconv.Itoa(s.Changes), strconv.Itoa(s.Healed), last, report.OneLine(s.Problem),
		})
	}
	return report.Table(rows)
}
