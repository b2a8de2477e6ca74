package network

import (
	"flag"
	"fmt"
	"os"

	"rundock/supervisor/report"
)

const statusUsage = `usage: rundockd overlay status [--json] [NAME...]

One line for each overlay network of this host, or for each that is named: how
its agent keeps it, and what is wrong first.

  --json   one JSON document, described in docs/operations.md

Columns: STATE of the agent; SUBNET of this host; MTU of the network here; PEERS:
other hosts; ALIVE: other hosts are told that this one is; NARROW: peers to which
only smaller packets pass (rundockd overlay peers NAME); ENCRYPTION; CHANGES that
the agent has made to the kernel since it started; HEALED: those of them that put
right what others had changed; LAST: how long ago the last was. "-" is none, "?"
could not be found out.

Exit codes: 0 all is right; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 a network is not kept, or other hosts are not
told of this one; 4 no such network.
`

// StatusMain is `rundockd overlay status`.
func StatusMain(args []string) int {
	set := flag.NewFlagSet("overlay status", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, statusUsage, args)
	if done {
		return code
	}
	if names, code = Resolve("overlay status", names); code != 0 {
		return code
	}
	r := look(names)
	if *asJSON {
		return report.PrintJSON(r, r.exitCode())
	}
	fmt.Print(r.table())
	if len(names) == 0 {
		fmt.Fprintln(os.Stderr, "no overlay networks on this host")
	}
	return r.exitCode()
}
