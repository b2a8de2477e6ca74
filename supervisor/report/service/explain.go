package service

import (
	"context"
	"flag"
	"fmt"
	"slices"

	"rundock/supervisor/report"
	"rundock/supervisor/report/balance"
	"rundock/supervisor/report/template"
)

const explainUsage = `usage: rundockd explain [--json] NAME

All that can be found out about one service, in the order in which it comes to
be in DNS: its files, runit's supervision, the runner, the container, the
announcement, what this host's dnsd answers, which load balancers have it in
rotation. The last line names the first thing that is wrong, and what to do
next. Its checks are made once (exec checks are not), and it changes nothing. A
name that is no service's of this host may be that of one which it balances, as
a load balancer: who has the traffic, and each server. Or it is a template's: its
definition, the renderer, the file.

  --json   one JSON document, described in docs/operations.md

Lines begin with ok, note, ?? (could not be found out) or !! (wrong).

Exit codes: 0 all is well; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 something is wrong; 4 no such service.

Examples:
  rundockd explain influxdb
  rundockd explain --json influxdb | jq -r .wrong.next
`

// ExplainMain is `rundockd explain`; it returns the exit code.
func ExplainMain(args []string) int {
	set := flag.NewFlagSet("explain", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, explainUsage, args)
	switch {
	case done:
		return code
	case len(names) != 1:
		return report.BadUsage("explain", fmt.Sprintf("it takes the name of one service, not %d", len(names)))
	}
	g := newGatherer()
	defer g.close()
	if balancer := balance.Gather(); balancer.Has(names[0]) && !g.known(names[0]) && !slices.Contains(template.Names(), names[0]) {
		told := balance.StoryOf(g.host.Host, g.host.Now, balancer, names[0])
		if *asJSON {
			return report.PrintJSON(told, report.ExitCode(told.Verdict))
		}
		fmt.Print(told.Text())
		return report.ExitCode(told.Verdict)
	}
	names, templates, code := g.resolve("explain", names)
	if code != 0 {
		return code
	}
	if len(templates) > 0 {
		told := template.StoryOf(g.host.Host, g.host.Now, template.Gather(g.folders, templates[0]))
		if *asJSON {
			return report.PrintJSON(told, report.ExitCode(told.Template.Verdict))
		}
		fmt.Print(told.Text())
		return report.ExitCode(told.Template.Verdict)
	}
	ctx := context.Background()
	service := g.gather(ctx, names)[0]
	g.deepen(ctx, &service)
	told := storyOf(g.host, service)
	if *asJSON {
		return report.PrintJSON(told, report.ExitCode(told.Service.Verdict))
	}
	fmt.Print(told.text())
	return report.ExitCode(told.Service.Verdict)
}
