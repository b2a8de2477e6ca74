package balance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

// Story is what `rundockd explain --json` prints of a service that this host
// balances. Its field names stay.
type Story struct {
	Version  int              `json:"version"`
	Host     string           `json:"host"`
	Time     time.Time        `json:"time"`
	Name     string           `json:"name"`
	Verdict  string           `json:"verdict"`
	Balanced control.Balanced `json:"balanced"`
	Findings []report.Finding `json:"findings"`
	Wrong    *report.Finding  `json:"wrong,omitempty"`
}

// StoryOf tells all that is known of a service that a host balances.
func StoryOf(host string, now time.Time, f Facts, name string) Story {
	findings := judgeService(f, name, now)
	s := Story{Version: report.Version, Host: host, Time: now.UTC(), Name: name, Verdict: report.Verdict(findings), Balanced: f.Says.Services[name], Findings: findings}
	if bad, ok := report.First(findings, report.Wrong); ok {
		s.Wrong = &bad
	}
	return s
}

// Text is the story for people.
func (s Story) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, balanced by %s, %s\n", s.Name, s.Host, report.Stamp(s.Time))
	report.WriteFindings(&b, s.Findings)
	return b.String() + "\n" + report.LastLine(s.Findings) + "\n"
}

// judgeService says how a balanced service stands: HAProxy and the balancer, who
// has the traffic, each server.
func judgeService(f Facts, name string, now time.Time) []report.Finding {
	balancer, traffic, servers := report.Part{Name: "load balancer"}, report.Part{Name: "traffic"}, report.Part{Name: "servers"}
	service := f.Says.Services[name]
	for _, wrong := range judgeHost(f) {
		balancer.Wrong(wrong.text, wrong.next)
	}
	if len(balancer.Findings) == 0 {
		balancer.Fine("rundockd balance runs, process %d, and HAProxy %s", f.Says.PID, f.Says.HAProxy)
	}
	traffic.Fine("%s has it for %s", service.Backend, report.Age(now, service.Since))
	if service.Canary != "" {
		traffic.Note("%s has a share of it", service.Canary)
	}
	if service.Phase != "" {
		traffic.Note("switch: %s; this load balancer has reached %s", service.Phase, service.Reached)
	}
	for _, remark := range []string{service.Problem, service.Kept} {
		if remark != "" {
			traffic.Note("%s", remark)
		}
	}
	up := 0
	for _, backend := range slices.Sorted(maps.Keys(service.Backends)) {
		b := service.Backends[backend]
		for _, at := range slices.Sorted(maps.Keys(b.Instances)) {
			what := fmt.Sprintf("%s of %s is %s", at, backend, b.Instances[at])
			switch {
			case b.Instances[at] == "UP":
				servers.Fine("%s", what)
			case backend == service.Backend && !moving(b.Instances[at]):
				servers.Wrong(what, "on its host: rundockd explain "+backend)
			default:
				servers.Note("%s", what)
			}
		}
		if backend == service.Backend {
			up = b.Up
		}
	}
	if up == 0 {
		servers.Wrong("requests fail: "+service.Backend+" has no server that is up", "on the hosts of "+name+": rundockd explain "+service.Backend)
	}
	return slices.Concat(balancer.Findings, traffic.Findings, servers.Findings)
}

// moving is the status of a server that comes or goes.
func moving(status string) bool {
	return strings.HasPrefix(status, "UP ") || strings.HasPrefix(status, "DRAIN") || strings.HasPrefix(status, "has no slot")
}
