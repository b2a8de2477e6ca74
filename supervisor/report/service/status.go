package service

import (
	"context"
	"flag"
	"fmt"
	"os"

	"rundock/supervisor"
	"rundock/supervisor/report"
	"rundock/supervisor/report/balance"
	"rundock/supervisor/report/template"
)

const statusUsage = `usage: rundockd status [--json] [NAME...]

One line for each service of this host, or for each that is named: what its
runner, container and sidecar are doing, and what is wrong first. A name may be
given as sv has it, docker-influxdb. Then one line for each template; a name that is
no service's may be a template's. On a load balancer one line for each service
that it balances, as rundockd balance status has it.

  --json   one JSON document, described in docs/operations.md

Columns: ENABLED by the link that runsvdir follows ("masked": an administrator's
hidden link keeps it disabled); PHASE of the runner, and FOR how long; UP: the
container's age; CRASHES in a row; HEALTH of its HEALTHCHECK; ANNOUNCED
("conflict": another host has its key in the store); RECORD: its DNS name. "-" is none, "?" could not be found out.
Of a template, STATE: "current", or "kept": the last good file stays; CHANGED: how
long ago the file was replaced.

Exit codes: 0 all is as wanted; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 a service is down, unwell or not announced
though it should be, or a file is not as its template and the store have it; 4 no such service.

Examples:
  rundockd status
  rundockd status influxdb || rundockd explain influxdb
  rundockd status --json | jq -r '.services[] | select(.verdict == "wrong").name'
`

// StatusMain is `rundockd status`; it returns the exit code.
func StatusMain(args []string) int {
	set := flag.NewFlagSet("status", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, statusUsage, args)
	if done {
		return code
	}
	g := newGatherer()
	defer g.close()
	var templates []string
	var balanced *balance.Status
	if len(names) == 0 {
		if s := balance.StatusOf(balance.Gather()); s.IsOne() {
			balanced = &s
		}
		names, templates = g.services().Names(), template.Names(supervisor.TemplateDir)
	} else if names, templates, code = g.resolve("status", names); code != 0 {
		return code
	}
	services := g.gather(context.Background(), names)
	doc := statusOf(g.host, services)
	doc.Balance = balanced
	for _, name := range templates {
		doc.Templates = append(doc.Templates, template.StatusOf(template.Gather(g.folders, name)))
	}
	if *asJSON {
		return report.PrintJSON(doc, doc.exitCode())
	}
	fmt.Print(doc.table())
	if len(doc.Services) > 0 && len(doc.Templates) > 0 {
		fmt.Println()
	}
	fmt.Print(template.Table(doc.Templates, doc.Time))
	if balanced != nil {
		fmt.Print("\n" + balance.Table(*balanced, doc.Time))
		fmt.Fprint(os.Stderr, balanced.Remarks())
	}
	fmt.Fprint(os.Stderr, doc.remarks())
	return doc.exitCode()
}
