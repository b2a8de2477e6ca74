package facts

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"rundock/supervisor/report"
)

const usage = `usage: rundockd facts [--json] [PART...]

What this host is, has and runs: its groups and labels in the inventory, processors, memory
and disks, and what services reserve of them; programs with their releases; services, with
the digest of the image that each runs and why it is not well; overlay networks; images. It
changes nothing.

  --json   one JSON document, described in docs/operations.md
  PART     of programs, services, networks, images those alone; all unless given

Exit codes: 0 all was found out; 1 not everything, and what was not is said; 2 bad arguments.

Examples:
  rundockd facts
  rundockd facts --json services | jq '.services[] | {name, digest}'
`

// Main returns `rundockd facts` of this release of rundockd, which returns the exit
// code.
func Main(release string) func(args []string) int {
	return func(args []string) int {
		set := flag.NewFlagSet("facts", flag.ContinueOnError)
		asJSON := set.Bool("json", false, "")
		wanted, code, done := report.Arguments(set, usage, args)
		if done {
			return code
		}
		for _, p := range wanted {
			if !slices.Contains(parts, p) {
				return report.BadUsage("facts", fmt.Sprintf("%q is no part: want %s", p, strings.Join(parts, ", ")))
			}
		}
		if len(wanted) == 0 {
			wanted = parts
		}
		d := gather(context.Background(), release, wanted)
		code = report.ExitWell
		if len(d.Unknown) > 0 {
			code = report.ExitUnknown
		}
		if *asJSON {
			return report.PrintJSON(d, code)
		}
		fmt.Print(d.text())
		for _, u := range d.Unknown {
			fmt.Fprintln(os.Stderr, "not found out:", u)
		}
		return code
	}
}
