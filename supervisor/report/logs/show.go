package logs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/svlog"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

// source is one log that is shown.
type source struct {
	name string // service or announce
	log  *svlog.Folder
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
		s := source{name, &svlog.Folder{Dir: folder}}
		defer s.log.Close()
		sources = append(sources, s)
	}
	past, err := readPast(sources, asked, service)
	if err != nil {
		return err
	}
	out := printer{w, len(sources) > 1, asked.json}
	if err := out.print(past); err != nil || !asked.follow {
		return err
	}
	return follow(sources, service, out)
}

// readPast returns the lines that are there and wanted. A log that is not there
// is no error while another is, or while it may still come.
func readPast(sources []source, asked logsAsked, service string) ([]shownLine, error) {
	var batch []shownLine
	var absent error
	for _, s := range sources {
		lines, err := s.log.Begin(asked.wanted)
		if errors.Is(err, fs.ErrNotExist) && (asked.follow && report.Exists(service) || len(sources) > 1) {
			absent, err = err, nil
		}
		if err != nil {
			return nil, err
		}
		if rest, ok := s.log.Unfinished(); ok && !asked.follow {
			lines = append(lines, rest)
		}
		batch = merged(batch, shown(s.name, asked.wanted.Cut(lines)))
	}
	if len(batch) == 0 && absent != nil && !asked.follow {
		return nil, absent
	}
	if n := asked.wanted.Last; n >= 0 && len(batch) > n {
		batch = batch[len(batch)-n:]
	}
	return batch, nil
}

// follow prints the lines that come, until the service is removed.
func follow(sources []source, service string, out printer) error {
	for over := false; !over; {
		over = !report.Exists(service) // looked at first, so that its last lines are read below
		if !over {
			time.Sleep(followPause)
		}
		var batch []shownLine
		for _, s := range sources {
			lines, err := s.log.Poll()
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if s.log.Lost() {
				fmt.Fprintln(os.Stderr, "rundockd logs: some lines were rotated away before they could be read")
			}
			batch = merged(batch, shown(s.name, lines))
		}
		if over {
			fmt.Fprintln(os.Stderr, "rundockd logs: the service was removed")
		}
		if err := out.print(batch); err != nil {
			return err
		}
	}
	return nil
}

// whichLogs are those asked for, else the one that the service has.
func whichLogs(asked []string, service, dir string) []string {
	if len(asked) > 0 {
		return asked
	}
	runner, announcer := supervisor.Installed(service)
	if runner == "" && (announcer != "" || !report.Exists(filepath.Join(dir, "current")) && report.Exists(filepath.Join(dir, "announce/current"))) {
		return []string{"announce"}
	}
	return []string{"service"}
}
