package main

import (
	"flag"

	"rundock/supervisor/report"
)

// reports are the commands for people that are about services.
var reports = report.Program{
	Expand: expand, Announcement: announceConfig, Instance: instance, Lives: isRundockd,
	Looped: looped, Settled: settled,
}

// Those that are about networks take arguments and exit as these do.
const (
	exitWell    = report.ExitWell
	exitUnknown = report.ExitUnknown
	exitUsage   = report.ExitUsage
	exitWrong   = report.ExitWrong
)

func arguments(set *flag.FlagSet, usage string, args []string) (names []string, code int, done bool) {
	return report.Arguments(set, usage, args)
}

func badUsage(command, what string) int { return report.BadUsage(command, what) }
