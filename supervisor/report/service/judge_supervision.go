package service

import (
	"fmt"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

func judgeSupervision(r *report.Part, h hostFacts, s serviceFacts) {
	if len(s.Deserted) > 0 {
		r.Wrong("processes run in "+s.Dir+" as it was before it was deleted: "+strings.Trim(fmt.Sprint(s.Deserted), "[]"), "call the module: state=enabled has others take their place, and keeps the container; state=disabled or absent ends them")
	}
	if !s.Installed || !s.Ours || h.Runit.Failed() {
		return
	}
	if !s.Enabled {
		switch {
		case stopping(s) && s.RunnerStatus.Error != "":
			r.Wrong("it is to be stopped: "+s.RunnerStatus.Error, "rundockd logs "+s.Name)
		case stopping(s):
			r.Note("it is being stopped%s", stoppingAt(h, s))
		case s.Outer.Supervised:
			r.Wrong("runsv still supervises it although it is disabled", "within 5 s runsvdir ends that; if not: sv exit "+s.Dir)
		}
		return
	}
	if !h.Scanned {
		if h.Root {
			r.Wrong("no runsvdir watches "+h.Service, "start runit: on Debian service runit start, or see /etc/inittab")
		} else {
			r.Add(report.Unknown, "whether a runsvdir watches "+h.Service+" only root can see", "run it as root")
		}
	}
	for _, p := range processes(s) {
		judgeProcess(r, h, s, p.what, p.half, p.process)
	}
	for _, l := range s.Loggers {
		if l.Paused {
			r.Wrong("the logger of "+l.Log+" is paused, by a STOP", "call the module with state=enabled, which has it go on")
		} else {
			r.Wrong("lines are lost: "+l.Log+" was deleted under its logger", "call the module with state=enabled, which starts the logger anew")
		}
	}
}

// stopping reports whether a disabled service is being stopped: its processes were
// told to end, and have not ended yet.
func stopping(s serviceFacts) bool {
	return !s.Enabled && (s.Outer.Supervised && s.Outer.Status.GotTerm || s.RunnerAlive && s.RunnerStatus.Phase == control.Stopping)
}

// stoppingAt is what the stop of a service has come to.
func stoppingAt(h hostFacts, s serviceFacts) string {
	switch {
	case s.SidecarAlive && s.SidecarStatus.State == control.Draining:
		return ": withdrawn, and its clients are given time to leave, for " + report.Age(h.Now, s.SidecarStatus.Since)
	case s.RunnerAlive && s.RunnerStatus.Phase == control.Stopping:
		return ": its container is, for " + report.Age(h.Now, s.RunnerStatus.Since)
	}
	return ""
}

type named struct {
	what, half string
	process    supervised
}

// processes are those that runsv supervises, the outer one first.
func processes(s serviceFacts) []named {
	if !s.Runs || !s.Announced {
		return []named{{"it", "", s.Outer}}
	}
	all := []named{{"it", "", s.Outer}}
	if s.Outer.Supervised && s.Outer.Status.PID != 0 {
		all = append(all, named{"the runner", "service", s.Runner}, named{"the sidecar", "announce", s.Sidecar})
	}
	return all
}

func judgeProcess(r *report.Part, h hostFacts, s serviceFacts, what, half string, p supervised) {
	target := "docker-" + s.Name
	if half != "" {
		target = halfOf(h, s, half)
	}
	switch {
	case p.Trouble.Failed():
		r.Trouble(p.Trouble, "look at "+s.Dir+"/supervise")
	case !p.Supervised:
		r.Wrong("no runsv supervises "+what, "wait 5 s, in which runsvdir starts one; else call the module with state=enabled, which clears away what is left of the last")
	case p.Status.Paused:
		r.Wrong(what+" is paused, by sv pause or another STOP", "sv cont "+target+", or state=enabled")
	case p.Status.WantDown && s.Down:
		r.Wrong(what+" is not to run: a file named down is there", "remove that file from "+s.Dir+", and: sv up "+target)
	case p.Status.WantDown:
		r.Wrong(what+" was stopped by hand, by sv down", "sv up "+target+", or state=enabled")
	case p.Status.PID == 0 && h.Now.Sub(p.Status.Since) < restartSoon:
		r.Note("runsv is starting %s again", what)
	case p.Status.PID == 0:
		r.Wrong(fmt.Sprintf("runsv has %s down since %s, and starts it again", what, report.Age(h.Now, p.Status.Since)), "rundockd logs "+s.Name)
	default:
		r.Fine("runsv supervises %s: process %d, up %s", what, p.Status.PID, report.Age(h.Now, p.Status.Since))
	}
}

// restartSoon is how long runsv may have a process down that it is about to
// start again: a second, and some for a busy machine.
const restartSoon = 5 * time.Second
