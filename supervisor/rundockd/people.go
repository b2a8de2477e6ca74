package main

import (
	"flag"

	"rundock/internal/overlay"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// reports are the commands for people that are about services.
var reports = report.Program{
	Expand: expand, Announcement: announceConfig, Instance: instance, Lives: process.IsRundockd,
	Looped: looped, Settled: settled,
}

// networks is the one of them that is about networks, and tells as those do.
var networks = report.Networks{
	Names: func() ([]string, error) { return overlayNames(nil) },
	Join: func(name string) (j report.Joined, err error) {
		if j.Settings, err = overlay.ReadSettings(overlaySettings, name); err != nil {
			return j, err
		}
		p, err := placeOverlay(j.Settings)
		if err != nil {
			return j, err
		}
		known, err := readKnown(overlayKept, j.Settings.Network)
		j.Host, j.Machine, j.Underlay, j.Subnet, j.Peers = p.host, p.machine, p.underlay, known.Subnet, known.Peers
		return j, err
	},
	Left:  overlayLeft,
	Lives: process.IsRundockd,
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
