package shipper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// Status is `rundockd ship status`: what of the host's shipping is said to people, and in JSON.
type Status struct {
	Version  int                 `json:"version"`
	Time     time.Time           `json:"time"`
	Ships    bool                `json:"ships"` // there are settings
	Running  bool                `json:"running"`
	Status   *control.ShipStatus `json:"status,omitempty"` // its status file
	Findings []report.Finding    `json:"findings"`
	Verdict  string              `json:"verdict"`
}

func showStatus(asJSON bool) int {
	_, settings := os.Stat(SettingsFile)
	said, unread := control.ReadShip(control.Dir)
	s := statusOf(settings, said, unread, process.IsRundockd(said.PID, "ship"), control.FileSum(SettingsFile), control.Clock(), time.Now())
	if asJSON {
		return report.PrintJSON(s, report.ExitCode(s.Verdict))
	}
	var b strings.Builder
	report.WriteFindings(&b, s.Findings)
	fmt.Printf("%s\n%s\n", b.String(), report.LastLine(s.Findings))
	return report.ExitCode(s.Verdict)
}

// statusOf judges: settings is why there are none, unread why there is no status file.
func statusOf(settings error, said control.ShipStatus, unread error, running bool, digest string, clock time.Duration, now time.Time) Status {
	s := Status{Version: 1, Time: now.UTC(), Ships: settings == nil, Running: running}
	p := report.Part{Name: "shipping"}
	silent := said.Mute(clock)
	switch {
	case errors.Is(settings, fs.ErrNotExist):
		p.Note("no logs are shipped from this host: there is no %s, which site.yml writes by rundock_logs_to", SettingsFile)
	case settings != nil:
		p.Trouble(report.TroubleOf(settings), "")
	case unread != nil:
		p.Trouble(report.TroubleOf(unread), "sv restart "+control.ShipService)
	case !running:
		p.Wrong("rundockd ship does not run: logs stay in /var/log, where svlogd rotates them", "sv status "+control.ShipService+", and its log in /var/log/"+control.ShipService)
	case silent > 0:
		p.Wrong(fmt.Sprintf("rundockd ship has said nothing for %s", silent), "sv restart "+control.ShipService)
	case said.Digest != digest:
		p.Wrong("rundockd ship runs by other settings than those of "+SettingsFile, "sv restart "+control.ShipService)
	default:
		judge(&p, said, now)
	}
	if settings == nil && said.Version != 0 {
		s.Status = &said
	}
	s.Findings, s.Verdict = p.Findings, report.Verdict(p.Findings)
	return s
}

// judge tells of one that runs.
func judge(p *report.Part, s control.ShipStatus, now time.Time) {
	waiting := fmt.Sprintf("%d lines wait, in %d of %d bytes", s.Lines, s.Bytes, s.Limit)
	switch {
	case s.Reason != "":
		p.Wrong(fmt.Sprintf("nothing is shipped to %s for %s: %s; %s", s.To, report.Age(now, s.Failing), report.OneLine(s.Reason), waiting), "rundockd ship check, once that is mended; it tries by itself, too")
	case s.Arrived.IsZero():
		p.Fine("to %s, which has acknowledged nothing yet; %s", s.To, waiting)
	default:
		p.Fine("to %s: %d lines were shipped, the last %s ago; %s", s.To, s.Shipped, report.Age(now, s.Arrived), waiting)
	}
	if s.Unread != "" {
		p.Wrong("a log is not read into the buffer: "+report.OneLine(s.Unread), "see to that: what svlogd rotates away meanwhile is lost")
	}
	if s.Lost > 0 {
		p.Note("%d lines were lost so far, as the buffer was full", s.Lost)
	}
	if s.Removed > 0 {
		p.Note("svlogd has removed files %d times before they were read: more lines are lost", s.Removed)
	}
}
