package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"rundock/supervisor"
)

const logsUsage = `usage: rundockd logs NAME [announce] [-f] [-n LINES] [--since T] [--all] [--json]

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
	wanted logWanted
	logs   []string // service, announce; empty: the service's main one
	json   bool
}

// Logs is `rundockd logs`; it returns the exit code.
func Logs(args []string) int {
	asked, code, done := parseLogs(args, time.Now())
	if done {
		return code
	}
	g := newGatherer()
	name, code := g.resolveLogs(asked.name)
	if code != 0 {
		return code
	}
	asked.name = name
	w := bufio.NewWriter(os.Stdout)
	err := showLogs(w, asked, g.folders.Dir(supervisor.Prefix+asked.name), supervisor.LogDir(asked.name))
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w: run it as root", err)
		}
		fmt.Fprintln(os.Stderr, "rundockd logs:", err)
		return ExitUnknown
	}
	return ExitWell
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
		asked.wanted.since, err = parseSince(s, now)
		return err
	})
	names, code, done := Arguments(set, logsUsage, args)
	if done {
		return asked, code, true
	}
	if len(names) == 2 && (names[1] == "announce" || names[1] == "service") {
		asked.logs = names[1:]
		names = names[:1]
	}
	switch {
	case len(names) != 1:
		return asked, BadUsage("logs", fmt.Sprintf("it takes the name of one service, and may be announce, not %d words: %q", len(names), names)), true
	case *all:
		asked.logs = []string{"service", "announce"}
	case *announce:
		asked.logs = []string{"announce"}
	}
	asked.name = names[0]
	asked.wanted.last = 100
	if !asked.wanted.since.IsZero() || last == "all" {
		asked.wanted.last = -1
	}
	if n, err := strconv.Atoi(last); err == nil {
		asked.wanted.last = n
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

// resolveLogs is resolve for logs, which outlive their service.
func (g *gatherer) resolveLogs(name string) (string, int) {
	short := strings.TrimPrefix(name, supervisor.Prefix)
	for _, n := range []string{name, short} {
		if isName(n) && !g.known(n) && exists(supervisor.LogDir(n)) {
			return n, 0
		}
	}
	found, code := g.resolve("logs", []string{name}, g.names())
	if code != 0 {
		return "", code
	}
	return found[0], 0
}

// source is one log that is shown.
type source struct {
	name string // service or announce
	log  *svlogDir
}

// followPause is how often a followed log is looked at.
const followPause = 200 * time.Millisecond

// showLogs writes what is asked for of the logs in dir; service is the
// service directory, whose end ends following.
func showLogs(w *bufio.Writer, asked logsAsked, service, dir string) error {
	var sources []source
	for _, name := range whichLogs(asked.logs, service, dir) {
		folder := dir
		if name == "announce" {
			folder = filepath.Join(dir, "announce")
		}
		s := source{name, &svlogDir{dir: folder}}
		defer s.log.close()
		sources = append(sources, s)
	}
	var batch []shownLine
	var absent error
	for _, s := range sources {
		lines, err := s.log.begin(asked.wanted)
		if errors.Is(err, fs.ErrNotExist) && (asked.follow && exists(service) || len(sources) > 1) {
			absent, err = err, nil
		}
		if err != nil {
			return err
		}
		if len(s.log.pending) > 0 && !asked.follow {
			lines = append(lines, parseLine(string(s.log.pending)))
		}
		batch = merged(batch, shown(s.name, asked.wanted.cut(lines)))
	}
	if len(batch) == 0 && absent != nil && !asked.follow {
		return absent
	}
	if n := asked.wanted.last; n >= 0 && len(batch) > n {
		batch = batch[len(batch)-n:]
	}
	many := len(sources) > 1
	for over := false; ; {
		for _, line := range batch {
			line.write(w, many, asked.json)
		}
		if err := w.Flush(); err != nil || !asked.follow || over {
			return err
		}
		over = !exists(service) // what came before is there by now
		if !over {
			time.Sleep(followPause)
		}
		batch = nil
		for _, s := range sources {
			lines, err := s.log.poll()
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if s.log.lost {
				s.log.lost = false
				fmt.Fprintln(os.Stderr, "rundockd logs: some lines were rotated away before they could be read")
			}
			batch = merged(batch, shown(s.name, lines))
		}
		if over {
			fmt.Fprintln(os.Stderr, "rundockd logs: the service was removed")
		}
	}
}

// whichLogs are those asked for, else the one that the service has.
func whichLogs(asked []string, service, dir string) []string {
	if len(asked) > 0 {
		return asked
	}
	runner, announcer := supervisor.Installed(service)
	if runner == "" && (announcer != "" || !exists(filepath.Join(dir, "current")) && exists(filepath.Join(dir, "announce/current"))) {
		return []string{"announce"}
	}
	return []string{"service"}
}

// shownLine is a line with the log that it is of.
type shownLine struct {
	log  string
	line logLine
}

func shown(log string, lines []logLine) []shownLine {
	all := make([]shownLine, 0, len(lines))
	for _, line := range lines {
		all = append(all, shownLine{log, line})
	}
	return all
}

// merged merges two logs by time. Lines of one log keep their order.
func merged(a, b []shownLine) []shownLine {
	all := make([]shownLine, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].line.Time.Before(a[0].line.Time) {
			all, b = append(all, b[0]), b[1:]
		} else {
			all, a = append(all, a[0]), a[1:]
		}
	}
	return append(append(all, a...), b...)
}

func (l shownLine) write(w io.Writer, many, asJSON bool) {
	if asJSON {
		data, _ := json.Marshal(struct {
			Time time.Time `json:"time,omitzero"`
			Log  string    `json:"log"`
			Line string    `json:"line"`
		}{l.line.Time, l.log, l.line.Text})
		w.Write(append(data, '\n'))
		return
	}
	text := l.line.Text
	if many {
		text = l.log + ": " + text
	}
	if l.line.Stamp != "" {
		text = l.line.Stamp + " " + text
	}
	io.WriteString(w, text+"\n")
}
