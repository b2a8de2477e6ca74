// Rundockd is the program that rundock's generated scripts exec on a host:
// the container's runner, the announce sidecar, and what modules ask for.
package main

import (
	"fmt"
	"os"
	"strings"

	"rundock/supervisor/balancer"
	"rundock/supervisor/ctl"
	"rundock/supervisor/overlayctl"
	"rundock/supervisor/report"
	"rundock/supervisor/report/logs"
	"rundock/supervisor/report/service"
	"rundock/supervisor/runner"
	"rundock/supervisor/sidecar"
	"rundock/supervisor/storeagent"
	"rundock/supervisor/switching"
	"rundock/supervisor/verifier"
)

// version is set at link time.
var version = "development"

// verb is a command of rundockd.
type verb struct {
	name  string
	args  string // as usage shows them
	group string
	help  string
	run   func(args []string) int // returns the exit code
}

const (
	forPeople  = "For people"
	forScripts = "For scripts"
	byRunsv    = "Started by runsv"
	forModules = "For modules and generated scripts"
)

// verbs are in the order of usage; those of a group follow each other.
var verbs = []verb{
	{"status", "[NAME...]", forPeople, "what the services of this host are doing, one line for each", service.StatusMain},
	{"explain", "NAME", forPeople, "why a service is, or is not, in DNS, and what to do next", service.ExplainMain},
	{"logs", "NAME [-f]", forPeople, "what its container prints; logs NAME announce: its sidecar", logs.Main},
	{"overlay", "...", forPeople, "status, peers, check: how the overlay networks stand; leave one", overlayctl.Main},
	{"balance", "status", forPeople, "how this host's load balancer stands; check settings, or leave", balancer.Main},
	{"switch", "SERVICE", forPeople, "which colour of a service has its traffic; --to COLOUR: give it to the other one", switching.Main},
	{"history", "SERVICE", forPeople, "the switches of a service: when, who, from and to which colour, why back", switching.HistoryMain},
	{"verify-switch", "SERVICE", forPeople, "switch to and fro under load, and explain each request that fails", verifier.Main},
	{"version", "", forPeople, "print the version", printVersion},

	{"check", "NAME", forScripts, "exit with 0 if the service's container runs, with 1 if not", ctl.CheckMain},
	{"config", "[FILE]", forScripts, "exit with 0 if host.json is right, with 1 and the reason if not", ctl.ConfigMain},
	{"handover", "", forScripts, "restart runners, sidecars, networks' agents and rundockd store,\nand no container: after an upgrade", ctl.HandoverMain},
	{"store", "check", forScripts, "exit with 0 if rundockd store answers, with 1 and the reason if not", storeagent.Main},

	{"run", "DIR", byRunsv, "keep the container of DIR/service.json running", runner.Main},
	{"announce", "DIR", byRunsv, "announce the service of DIR/announce.json while it is healthy", sidecar.Main},
	{"render", "", byRunsv, "keep the files of this host's templates as the store says; see render --help", becomeRender},
	{"overlay", "run NAME", byRunsv, "keep this host's part of an overlay network", overlayctl.Main},
	{"balance", "", byRunsv, "keep this host's HAProxy as settings, records and switches say", balancer.Main},
	{"store", "", byRunsv, "be this host's one connection to the store, for all others", storeagent.Main},

	{"ctl", "", forModules, "JSON requests on stdin, a response on stdout for each", ctl.Main},
	{"reap", "DIR", forModules, "have supervisors that were left behind in DIR/* make way", ctl.ReapMain},
	{"stop", "DIR", forModules, "stop the container of DIR/service.json, as its runner would", runner.StopMain},
	{"withdraw", "DIR", forModules, "withdraw the service of DIR/announce.json, as its sidecar would", sidecar.WithdrawMain},
}

func main() { os.Exit(command(os.Args[1:])) }

func command(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage())
		return report.ExitUsage
	}
	switch args[0] {
	case "help", "--help", "-h":
		fmt.Print(usage())
		return 0
	case "--version":
		return printVersion(nil)
	}
	for _, v := range verbs {
		if v.name == args[0] {
			return v.run(args[1:])
		}
	}
	fmt.Fprintf(os.Stderr, "rundockd: unknown command %q\n\n%s", args[0], usage())
	return report.ExitUsage
}

func printVersion([]string) int {
	fmt.Println("rundockd", version)
	return 0
}

// usage lists the verbs by group.
func usage() string {
	var b strings.Builder
	b.WriteString("usage: rundockd COMMAND ...\n")
	group := ""
	for _, v := range verbs {
		if v.group != group {
			group = v.group
			b.WriteString("\n" + group + ":\n")
		}
		what := strings.TrimSpace(v.name + " " + v.args)
		fmt.Fprintf(&b, "  %-16s  %s\n", what, strings.ReplaceAll(v.help, "\n", "\n"+strings.Repeat(" ", 20)))
	}
	b.WriteString("\nstatus, explain, logs, overlay, balance, switch, history and verify-switch say more with --help.\n")
	return b.String()
}
