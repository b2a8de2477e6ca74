package report

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"rundock/supervisor"
)

const statusUsage = `usage: rundockd status [--json] [NAME...]

One line for each service of this host, or for each that is named: what its
runner, container and sidecar are doing, and what is wrong first. A name may be
given as sv has it, docker-influxdb.

  --json   one JSON document, described in docs/operations.md

Columns: ENABLED by the link that runsvdir follows ("held": an administrator's
hidden link keeps it disabled); PHASE of the runner, and FOR how long; UP: the
container's age; CRASHES in a row; HEALTH of its HEALTHCHECK; ANNOUNCED; RECORD:
its DNS name. "-" is none, "?" could not be found out.

Exit codes: 0 all is as wanted; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 a service is down, unwell or not announced
though it should be; 4 no such service.

Examples:
  rundockd status
  rundockd status influxdb || rundockd explain influxdb
  rundockd status --json | jq -r '.services[] | select(.verdict == "wrong").name'
`

// Status is `rundockd status`; it returns the exit code.
func Status(args []string) int {
	set := flag.NewFlagSet("status", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := Arguments(set, statusUsage, args)
	if done {
		return code
	}
	g := newGatherer()
	defer g.close()
	all := g.names()
	if len(names) == 0 {
		names = all
	} else if names, code = g.resolve("status", names, all); code != 0 {
		return code
	}
	services := g.gather(context.Background(), names)
	report := statusOf(g.host, services)
	if *asJSON {
		return printJSON(report, report.exitCode())
	}
	fmt.Print(report.table())
	fmt.Fprint(os.Stderr, report.remarks())
	return report.exitCode()
}

// resolve returns the names of services as rundock has them, once each. One
// that is not there is said, with those that are, and the code is ExitNone.
func (g *gatherer) resolve(command string, names, all []string) (found []string, code int) {
	for _, name := range names {
		short := strings.TrimPrefix(name, supervisor.Prefix)
		switch {
		case !isName(name):
			return nil, BadUsage(command, fmt.Sprintf("%q is not a service's name", name))
		case g.known(name):
		case g.known(short):
			name = short
		default:
			there := "there is none"
			if len(all) > 0 {
				there = "there are: " + strings.Join(all, ", ")
			}
			fmt.Fprintf(os.Stderr, "rundockd %s: no service %s on this host; %s\n", command, name, there)
			return nil, ExitNone
		}
		if !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found, 0
}

// isName is Docker's rule for names, which keeps a name from being a path.
func isName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return name != "" && strings.Contains(letters, name[:1]) && strings.Trim(name, letters+"_.-") == ""
}

// printJSON prints v for machines.
func printJSON(v any, code int) int {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "rundockd:", err)
		return ExitUnknown
	}
	return code
}
