package service

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"rundock/supervisor/certificates"
	"rundock/supervisor/report"
	"rundock/supervisor/report/balance"
	"rundock/supervisor/report/filter"
	"rundock/supervisor/report/template"
)

const statusUsage = `usage: rundockd status [--json] [--wait DURATION] [--except NAME,...] [NAME...]

One line for each service of this host, or for each that is named: what its
runner, container and sidecar are doing, and what is wrong first. A name may be
given as sv has it, docker-influxdb. Then one line for each template; a name that is
no service's may be a template's. On a load balancer one line for each service
that it balances, as rundockd balance status has it. A certificate of the host, or its packet
filter, that is not well is told of at the end.

  --json     one JSON document, described in docs/operations.md
  --wait     look again for that long while not all is as wanted: after an upgrade
  --except   services and templates that do not count for the exit code, and load-balancer
             where the host's own does not

Columns: ENABLED by the link that runsvdir follows ("masked": an administrator's
hidden link keeps it disabled); PHASE of the runner, and FOR how long; UP: the
container's age; CRASHES in a row; HEALTH of its HEALTHCHECK; ANNOUNCED
("conflict": another host has its key in the store); RECORD: its DNS name. "-" is none, "?" could not be found out.
Of a template, STATE: "current", or "kept": the last good file stays; CHANGED: how
long ago the file was replaced.

Exit codes: 0 all is as wanted; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 a service is down, unwell or not announced
though it should be, a file is not as its template and the store have it, a certificate
of the host is not valid or ends within 60 days, or its packet filter is not kept; 4 no such
service.

Examples:
  rundockd status
  rundockd status influxdb || rundockd explain influxdb
  rundockd status --json | jq -r '.services[] | select(.verdict == "wrong").name'
`

// StatusMain is `rundockd status`; it returns the exit code.
func StatusMain(args []string) int {
	set := flag.NewFlagSet("status", flag.ContinueOnError)
	asJSON, wait, except := set.Bool("json", false, ""), set.Duration("wait", 0, ""), set.String("except", "", "")
	names, code, done := report.Arguments(set, statusUsage, args)
	if done {
		return code
	}
	uncounted := strings.Split(*except, ",")
	doc, code := look(names)
	for end := time.Now().Add(*wait); code == 0 && doc.exitCode(uncounted) != 0 && time.Now().Before(end); {
		time.Sleep(time.Second)
		doc, code = look(names)
	}
	if code != 0 {
		return code
	}
	code = doc.exitCode(uncounted)
	if *asJSON {
		return report.PrintJSON(doc, code)
	}
	doc.print()
	return code
}

// look gathers and judges the services and templates of these names, all without any. The code is
// not 0 where there is no such thing.
func look(names []string) (doc statusReport, code int) {
	g := newGatherer()
	defer g.close()
	var templates []string
	var balanced *balance.Status
	var certified []certificates.Row
	var filtered *filter.Status
	if len(names) == 0 {
		if s := filter.StatusOf(filter.Gather()); s.Wanted {
			filtered = &s
		}
		certified = certificates.Status(time.Now())
		if s := balance.StatusOf(balance.Gather()); s.IsOne() {
			balanced = &s
		}
		names, templates = g.services().Names(), template.Names()
	} else if names, templates, code = g.resolve("status", names); code != 0 {
		return doc, code
	}
	services := g.gather(context.Background(), names)
	doc = statusOf(g.host, services)
	doc.Balance, doc.Certificates, doc.Filter = balanced, certified, filtered
	for _, name := range templates {
		doc.Templates = append(doc.Templates, template.StatusOf(template.Gather(g.folders, name)))
	}
	return doc, 0
}

// print shows it to people.
func (r statusReport) print() {
	fmt.Print(r.table())
	if len(r.Services) > 0 && len(r.Templates) > 0 {
		fmt.Println()
	}
	fmt.Print(template.Table(r.Templates, r.Time))
	if r.Balance != nil {
		fmt.Print("\n" + balance.Table(*r.Balance, r.Time))
		fmt.Fprint(os.Stderr, r.Balance.Remarks())
	}
	if r.Filter != nil {
		fmt.Fprint(os.Stderr, r.Filter.Remark())
	}
	fmt.Fprint(os.Stderr, certificates.Remarks(r.Certificates)+r.remarks())
}
