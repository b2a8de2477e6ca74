// Rundockd is the program that rundock's generated scripts exec on a host:
// the container's runner, the announce sidecar, and what modules ask for.
package main

import (
	"fmt"
	"os"

	"rundock/supervisor/ctl"
	"rundock/supervisor/overlayctl"
	"rundock/supervisor/process"
	"rundock/supervisor/runner"
	"rundock/supervisor/sidecar"
)

// version is set at link time.
var version = "development"

const usage = `usage: rundockd COMMAND ...

For people:
  status [NAME...]  what the services of this host are doing, one line for each
  explain NAME      why a service is, or is not, in DNS, and what to do next
  logs NAME [-f]    what its container prints; logs NAME announce: its sidecar
  overlay ...       status, peers, check: how the overlay networks stand; leave one
  version           print the version

For scripts:
  check NAME        exit with 0 if the service's container runs, with 1 if not
  config [FILE]     exit with 0 if host.json is right, with 1 and the reason if not
  handover          restart runners, sidecars and networks' agents, and no
                    container: after an upgrade

Started by runsv:
  run DIR           keep the container of DIR/service.json running
  announce DIR      announce the service of DIR/announce.json while it is healthy
  overlay run NAME  keep this host's part of an overlay network

For modules and generated scripts:
  ctl               JSON requests on stdin, a response on stdout for each
  reap DIR          have supervisors that were left behind in DIR/* make way
  stop DIR          stop the container of DIR/service.json, as its runner would
  withdraw DIR      withdraw the service of DIR/announce.json, as its sidecar would

status, explain, logs and overlay say more with --help.
`

func main() { os.Exit(command(os.Args[1:])) }

func command(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	switch args[0] {
	case "status":
		return reports.Status(args[1:])
	case "explain":
		return reports.Explain(args[1:])
	case "logs":
		return reports.Logs(args[1:])
	case "run":
		process.KeepSmall()
		return runner.Main(args[1:])
	case "stop":
		return runner.StopMain(args[1:])
	case "announce":
		process.KeepSmall()
		return sidecar.Main(args[1:])
	case "withdraw":
		return sidecar.WithdrawMain(args[1:])
	case "check":
		return ctl.CheckMain(args[1:])
	case "config":
		return ctl.ConfigMain(args[1:])
	case "handover":
		return ctl.HandoverMain(args[1:])
	case "ctl":
		return ctl.Main(args[1:])
	case "overlay":
		return overlayctl.Main(args[1:])
	case "reap":
		return ctl.ReapMain(args[1:])
	case "version", "--version":
		fmt.Println("rundockd", version)
		return 0
	case "help", "--help", "-h":
		fmt.Print(usage)
		return 0
	}
	fmt.Fprintf(os.Stderr, "rundockd: unknown command %q\n\n%s", args[0], usage)
	return 2
}
