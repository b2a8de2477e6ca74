package balancer

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// showStatus is `rundockd balance status`.
func showStatus(asJSON bool) int {
	s, err := control.ReadBalance(control.Dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd balance status:", err)
		return report.ExitUnknown
	}
	problems := wrong(s, process.IsRundockd(s.PID, "balance"))
	code := report.ExitWell
	if len(problems) > 0 {
		code = report.ExitWrong
	}
	if asJSON {
		s.Problems = problems
		return report.PrintJSON(s, code)
	}
	fmt.Print(table(s, time.Now()))
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	return code
}

// wrong says what is wrong with a load balancer. It is pure.
func wrong(s control.BalanceStatus, alive bool) (all []string) {
	switch {
	case s.PID == 0:
		return []string{"rundockd balance has not run since this host was started: sv status rundock-balance"}
	case !alive:
		all = append(all, "rundockd balance does not run, so HAProxy follows neither records nor switches: sv status rundock-balance; tail /var/log/rundock-balance/current")
	case s.HAProxy == "":
		all = append(all, "HAProxy does not answer: sv status haproxy; tail /var/log/haproxy/current")
	}
	all = append(all, s.Problems...)
	if s.Store != "" {
		all = append(all, "the store cannot be reached, and HAProxy goes on as it is: "+s.Store)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		if service := s.Services[name]; service.Backends[service.Backend].Up == 0 {
			all = append(all, fmt.Sprintf("service %s: %s has no server that is up, so its requests fail", name, service.Backend))
		}
	}
	return all
}

func table(s control.BalanceStatus, now time.Time) string {
	if len(s.Services) == 0 {
		return ""
	}
	rows := [][]string{{"SERVICE", "TRAFFIC", "FOR", "SERVERS", "SWITCH", "REACHED", "REMARK"}}
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
		rows = append(rows, []string{name, report.Cell(traffic), report.Age(now, service.Since), report.Cell(strings.Join(servers, ",")), report.Cell(service.Phase), report.Cell(service.Reached), report.OneLine(remark)})
	}
	return report.Table(rows)
}
