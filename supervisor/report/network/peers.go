package network

import (
	"context"
	"flag"
	"fmt"
	"os"

	"rundock/supervisor/report"
)

const peersUsage = `usage: rundockd overlay peers [--json] NAME

One line for each host of an overlay network, this one as well: by the store
(or the settings, where they list the hosts), and by what the agent of this host
knows; while the store cannot be asked, those that the agent knew last.

  --json   one JSON document, described in docs/operations.md

Columns: HOST, "*" is this one; ALIVE: its agent says so, at least once in a lease's time, or "late": it does
not, and answers in the network, so that it is kept; MTU: how large
packets from here may be, "<" where less passes than the network's MTU; SEEN: how
long ago it last confirmed its subnet, which a living host does every hour. "-" is
none, "?" could not be found out.

Exit codes: 0 all is right; 1 not everything could be found out, or a host answers
nothing in the network, and nothing else is wrong; 2 bad arguments; 3 the agent does not know of a living host; 4 no
such network.
`

// PeersMain is `rundockd overlay peers`.
func PeersMain(args []string) int {
	set := flag.NewFlagSet("overlay peers", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, peersUsage, args)
	switch {
	case done:
		return code
	case len(names) != 1:
		return report.BadUsage("overlay peers", fmt.Sprintf("it takes the name of one network, not %d", len(names)))
	}
	if _, code = Resolve("overlay peers", names); code != 0 {
		return code
	}
	r := report.LookAgain(func(peersReport, bool) peersReport {
		f, ok := gatherOwn(names[0])
		if ok {
			f.askHosts(context.Background())
		}
		return f.peers()
	}, func(r peersReport) bool { return r.exitCode() == report.ExitWrong })
	if *asJSON {
		return report.PrintJSON(r, r.exitCode())
	}
	fmt.Print(r.table())
	fmt.Fprint(os.Stderr, r.remarks())
	return r.exitCode()
}
