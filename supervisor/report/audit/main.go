package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"rundock/supervisor/report"
)

const usage = `usage: rundockd audit [--json | --sarif] [--all] [--fail-on SEVERITY] [--accepted FILE]
       rundockd audit --checks

What of this host, its dockerd, its containers and rundock itself is not as the CIS Docker
Benchmark or rundock's own promises have it: how bad that is, why, and the setting that mends
it. It changes nothing.

  --all       also what is accepted, and why
  --fail-on   low (unless given), medium or high: exit with 3 where a finding is as bad
  --accepted  a JSON list of {"id", "reason", "service"}: what is left as it is
  --json      one JSON document, described in docs/operations.md
  --sarif     the same as SARIF 2.1.0
  --checks    list all checks

Exit codes: 0 nothing as bad was found; 2 bad arguments; 3 something was.

Examples:
  rundockd audit
  rundockd audit --fail-on high --sarif >audit.sarif
`

// Main returns `rundockd audit` of this release of rundockd, which returns the exit code.
func Main(release string) func(args []string) int {
	return func(args []string) int {
		if len(args) > 0 && args[0] == "ctl" {
			return ctlMain(release, os.Stdin, os.Stdout)
		}
		set := flag.NewFlagSet("audit", flag.ContinueOnError)
		asJSON, asSARIF, all, checks := set.Bool("json", false, ""), set.Bool("sarif", false, ""), set.Bool("all", false, ""), set.Bool("checks", false, "")
		failOn, path := set.String("fail-on", string(Low), ""), set.String("accepted", "", "")
		names, code, done := report.Arguments(set, usage, args)
		switch {
		case done:
			return code
		case len(names) > 0:
			return report.BadUsage("audit", fmt.Sprintf("unexpected argument %q", names[0]))
		case !slices.Contains(severities, Severity(*failOn)):
			return report.BadUsage("audit", fmt.Sprintf("--fail-on %s: want low, medium or high", *failOn))
		case *checks:
			fmt.Print(listed())
			return report.ExitWell
		case os.Geteuid() != 0:
			fmt.Fprintln(os.Stderr, "rundockd audit: only root can, as others do not see all: sudo rundockd audit ...")
			return report.ExitUsage
		}
		accepted, err := readAccepted(*path)
		if err != nil {
			return report.BadUsage("audit", err.Error())
		}
		d := Judge(gather(context.Background(), nil), nil, accepted)
		code = report.ExitWell
		if d.over(Severity(*failOn)) {
			code = report.ExitWrong
		}
		switch {
		case *asSARIF:
			return report.PrintJSON(sarif(d, release), code)
		case *asJSON:
			return report.PrintJSON(d, code)
		}
		fmt.Println(strings.Join(d.Lines(*all), "\n"))
		return code
	}
}

// readAccepted reads a file of acceptances; none of "".
func readAccepted(path string) (all []Acceptance, err error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&all); err != nil {
		return nil, fmt.Errorf("%s: want a JSON list of {id, reason, service}: %w", path, err)
	}
	return all, checkAcceptances(all, false)
}
