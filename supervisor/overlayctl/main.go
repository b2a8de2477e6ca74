package overlayctl

import (
	"fmt"
	"os"

	"rundock/internal/overlay"
	"rundock/supervisor/overlayagent"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"rundock/supervisor/report/network"
)

// Main is `rundockd overlay`.
func Main(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return report.ExitUsage
	}
	switch verb, names := args[0], args[1:]; {
	case verb == "run" && len(names) == 1 && !overlay.IsName(names[0]):
		return badName("overlay run", names[0])
	case verb == "run" && len(names) == 1:
		process.KeepSmall()
		process.NoMoreRights()
		return overlayagent.Run(names[0])
	case verb == "try":
		return tryMain(names)
	case verb == "forget":
		return forgetMain(names)
	case verb == "leave":
		return leaveMain(names)
	case verb == "status":
		return network.StatusMain(names)
	case verb == "peers":
		return network.PeersMain(names)
	case verb == "explain":
		return network.ExplainMain(names)
	case verb == "check":
		return checkMain(names)
	case verb == "--help" || verb == "-h":
		fmt.Print(usage)
		return report.ExitWell
	}
	fmt.Fprint(os.Stderr, usage)
	return report.ExitUsage
}

// badName says that a word cannot be a network's name, which is also that of its files.
func badName(command, word string) int {
	return report.BadUsage(command, fmt.Sprintf("%q is not the name of a network: 1 to 32 of a-z, 0-9, - and _, the first a letter", word))
}
