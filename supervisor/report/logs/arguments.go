package logs

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rundock/internal/svlog"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd logs NAME [announce] [-f] [-n LINES] [--since T] [--all] [--json]

The log of a service: what its container prints, and what its runner says about
starting, stopping and crashing. With announce: what its sidecar says. Older,
rotated files are read as well. Times are UTC, as in the files.

  -f          go on as lines come, over rotations, until the service is removed
  -n LINES    the last so many lines, or "all"; default 100, with --since all
  --since T   lines from T on: 10m, 2h30m (ago), 2026-11-21, 2026-11-21T07:30,
              "2026-11-21 07:30:51" (UTC), or with a zone: 2026-11-21T07:30:51+01:00
  --all       both logs, merged by time; each line says whose it is
  --announce  the same as announce
  --json      a JSON object a line: time, log (service or announce), line

Exit codes: 0 done; 1 the log cannot be read; 2 bad arguments; 4 no such service.

Examples:
  rundockd logs influxdb -f
  rundockd logs influxdb --all --since 10m
  rundockd logs influxdb announce -n 20
`

// logsAsked is what the arguments ask for.
type logsAsked struct {
	name   string
	follow bool
	wanted svlog.Wanted
	logs   []string // service, announce; empty: the service's main one
	json   bool
}

// parseLogs reads the arguments; done and code are as those of Arguments.
func parseLogs(args []string, now time.Time) (asked logsAsked, code int, done bool) {
	set := flag.NewFlagSet("logs", flag.ContinueOnError)
	set.BoolVar(&asked.follow, "f", false, "")
	set.BoolVar(&asked.json, "json", false, "")
	all := set.Bool("all", false, "")
	announce := set.Bool("announce", false, "")
	last := ""
	set.Func("n", "", func(s string) error {
		if n, err := strconv.Atoi(s); s != "all" && (err != nil || n < 0) {
			return errors.New("want a number of lines, or all")
		}
		last = s
		return nil
	})
	set.Func("since", "", func(s string) (err error) {
		asked.wanted.Since, err = parseSince(s, now)
		return err
	})
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return asked, code, true
	}
	if len(names) == 2 && (names[1] == "announce" || names[1] == "service") {
		asked.logs = names[1:]
		names = names[:1]
	}
	switch {
	case len(names) != 1:
		return asked, report.BadUsage("logs", fmt.Sprintf("it takes the name of one service, and may be announce, not %d words: %q", len(names), names)), true
	case *all:
		asked.logs = []string{"service", "announce"}
	case *announce:
		asked.logs = []string{"announce"}
	}
	asked.name = names[0]
	asked.wanted.Last = 100
	if !asked.wanted.Since.IsZero() || last == "all" {
		asked.wanted.Last = -1
	}
	if n, err := strconv.Atoi(last); err == nil {
		asked.wanted.Last = n
	}
	return asked, 0, false
}

// parseSince reads a time, or how long ago it is.
func parseSince(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(form, strings.NewReplacer(" ", "T", "_", "T").Replace(s)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("want how long ago, such as 10m, or a time, such as 2026-11-21T07:30")
}
