package network

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"

	"rundock/supervisor/report"
)

const explainUsage = `usage: rundockd overlay explain [--json] ADDRESS

What an address of an overlay network is, which host has it, which container,
and whether this host reaches it: the network here, the host that has the
subnet, what the kernel holds, the path there, the container. The last line
names the first thing that is wrong, and what to do next. It sends some ICMP
echo requests, and changes nothing.

  --json   one JSON document, described in docs/operations.md

Lines begin with ok, note, ?? (could not be found out) or !! (wrong).

Exit codes: 0 it is reachable; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 something is wrong; 4 the address is in none of
this host's networks.

Examples:
  rundockd overlay explain 10.42.3.7
  rundockd overlay explain --json 10.42.3.7 | jq -r .peer.host
`

// ExplainMain is `rundockd overlay explain`.
func ExplainMain(args []string) int {
	set := flag.NewFlagSet("overlay explain", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	words, code, done := report.Arguments(set, explainUsage, args)
	switch {
	case done:
		return code
	case len(words) != 1:
		return report.BadUsage("overlay explain", fmt.Sprintf("it takes one address, not %d", len(words)))
	}
	address, err := netip.ParseAddr(words[0])
	if err != nil {
		return report.BadUsage("overlay explain", fmt.Sprintf("%q is not an IP address", words[0]))
	}
	name, there, err := networkOf(address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay explain:", err)
		return report.ExitUnknown
	}
	if name == "" {
		fmt.Fprintf(os.Stderr, "rundockd overlay explain: %s is in none of this host's networks; %s\n", address, there)
		return report.ExitNone
	}
	told := explainAddress(context.Background(), name, address).story()
	if *asJSON {
		return report.PrintJSON(told, report.ExitCode(told.Verdict))
	}
	fmt.Print(told.text())
	return report.ExitCode(told.Verdict)
}

// explainAddress gathers until nothing seems wrong, or until it is beyond doubt.
func explainAddress(ctx context.Context, name string, address netip.Addr) addressFacts {
	return report.LookAgain(func(before addressFacts, again bool) addressFacts {
		now := gatherAddress(ctx, name, address)
		if again {
			now.KernelDiff = report.Lasting(before.KernelDiff, now.KernelDiff)
		}
		return now
	}, func(f addressFacts) bool { return f.story().Verdict == "wrong" })
}
