package overlayctl

import (
	"fmt"
	"os"

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
	case verb == "run" && len(names) == 1:
		process.KeepSmall()
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
