// Package balance reports how the load balancer of a host stands, as `rundockd
// balance status` and `rundockd status` show it: what was found out, a pure
// judgement of it, and the shapes for people and JSON.
package balance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// Facts are what is known of a host's load balancer.
type Facts struct {
	Says   control.BalanceStatus
	Unread report.Trouble // why its status cannot be read
	Alive  bool           // the balancer that wrote the status is there
}

// Gather finds out about it.
func Gather() Facts {
	says, err := control.ReadBalance(control.Dir)
	return Facts{says, report.TroubleOf(err), process.IsRundockd(says.PID, "balance")}
}

// Has says whether the host balances a service of this name.
func (f Facts) Has(service string) bool {
	_, ok := f.Says.Services[service]
	return ok
}

// Status is what `rundockd balance status --json` prints. Its field names stay.
type Status struct {
	control.BalanceStatus
	Alive bool     `json:"alive"`
	Wrong []string `json:"wrong,omitempty"` // all that is, for people
}

// StatusOf judges a load balancer.
func StatusOf(f Facts) Status { return Status{f.Says, f.Alive, judge(f)} }

// IsOne says whether the host is a load balancer, or was one since it was
// started.
func (s Status) IsOne() bool { return s.PID != 0 }

// ExitCode is that of the commands that show it.
func (s Status) ExitCode() int {
	if len(s.Wrong) > 0 {
		return report.ExitWrong
	}
	return report.ExitWell
}

// judge says what is wrong with a load balancer, and what to do.
func judge(f Facts) (all []string) {
	for _, w := range judgeHost(f) {
		if w.next != "" {
			w.text += "; " + w.next
		}
		all = append(all, w.text)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Says.Services)) {
		if service := f.Says.Services[name]; service.Backends[service.Backend].Up == 0 {
			all = append(all, fmt.Sprintf("service %s: requests fail, as %s has no server that is up", name, service.Backend))
		}
	}
	return all
}

// wrong is what is, and what to do next.
type wrong struct{ text, next string }

// judgeHost is judge for what all services have in common.
func judgeHost(f Facts) (all []wrong) {
	const balancer, haproxy = "see sv status rundock-balance and /var/log/rundock-balance/current", "see sv status haproxy and /var/log/haproxy/current"
	s := f.Says
	switch {
	case f.Unread.Failed():
		return []wrong{{f.Unread.Text, ""}}
	case s.PID == 0:
		return []wrong{{"rundockd balance has not run since this host was started", balancer}}
	case !f.Alive:
		all = append(all, wrong{"rundockd balance does not run, so HAProxy follows neither records nor switches", balancer})
	case s.HAProxy == "":
		all = append(all, wrong{"HAProxy does not answer", haproxy})
	}
	for _, p := range s.Problems {
		all = append(all, wrong{p, ""})
	}
	if s.Store != "" {
		all = append(all, wrong{"HAProxy goes on as it is, as the store cannot be reached: " + s.Store, ""})
	}
	return all
}

// Table shows a load balancer's services to people; it is empty without one.
func Table(s Status, now time.Time) string {
	if len(s.Services) == 0 {
		return ""
	}
	rows := [][]string{{"BALANCED", "TRAFFIC", "FOR", "SERVERS", "SWITCH", "REACHED", "REMARK"}}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		service := s.Services[name]
		traffic := service.Backend
		if service.Canary != "" {
			traffic += "," + service.Canary
		}
		var servers []string
		for _, backend := range slices.Sorted(maps.Keys(service.Backends)) {
			b := service.Backends[backend]
			servers = append(servers, fmt.Sprintf("%s:%d/%d", backend, b.Up, b.Servers))
		}
		remark := service.Problem
		if remark == "" {
			remark = service.Kept
		}
		rows = append(rows, []string{
			name, report.Cell(traffic), report.Age(now, service.Since), report.Cell(strings.Join(servers, ",")),
			report.Cell(service.Phase), report.Cell(service.Reached), report.OneLine(remark),
		})
	}
	return report.Table(rows)
}

// Remarks are beside the table.
func (s Status) Remarks() string {
	if len(s.Wrong) == 0 {
		return ""
	}
	return strings.Join(s.Wrong, "\n") + "\n"
}
