package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// level says how a finding is to be taken.
type level string

const (
	fine    level = "ok"
	note    level = "note"    // worth knowing, and nothing wrong
	unknown level = "unknown" // could not be found out
	wrong   level = "wrong"
)

// finding is one thing found out about a service.
type finding struct {
	Part  string   `json:"part"` // files, supervision, runner, container, announcement, dns, other hosts
	Level level    `json:"level"`
	Text  string   `json:"text"`
	Next  string   `json:"next,omitempty"` // what to do about it
	More  []string `json:"more,omitempty"` // lines of output
}

// judge tells the story of a service in order: files, supervision, runner,
// container, announcement, DNS, other hosts. What comes first is the cause of what follows,
// so that the first thing that is wrong is the one to look at. It is pure.
func judge(h hostFacts, s serviceFacts) []finding {
	var all []finding
	for _, part := range []struct {
		name  string
		judge func(*report, hostFacts, serviceFacts)
	}{
		{"files", judgeFiles}, {"supervision", judgeSupervision}, {"runner", judgeRunner},
		{"container", judgeContainer}, {"announcement", judgeAnnouncement}, {"dns", judgeDNS}, {"other hosts", judgeReach},
	} {
		r := report{part: part.name}
		part.judge(&r, h, s)
		all = append(all, r.findings...)
	}
	return all
}

// first returns the first finding of a level.
func first(findings []finding, l level) (finding, bool) {
	i := slices.IndexFunc(findings, func(f finding) bool { return f.Level == l })
	if i < 0 {
		return finding{}, false
	}
	return findings[i], true
}

// report collects the findings of one part.
type report struct {
	part     string
	findings []finding
}

func (r *report) add(l level, text, next string, more ...string) {
	r.findings = append(r.findings, finding{Part: r.part, Level: l, Text: text, Next: next, More: more})
}

func (r *report) fine(format string, args ...any)      { r.add(fine, fmt.Sprintf(format, args...), "") }
func (r *report) note(format string, args ...any)      { r.add(note, fmt.Sprintf(format, args...), "") }
func (r *report) wrong(text, next string, m ...string) { r.add(wrong, text, next, m...) }

// trouble reports what could not be found out: wrong, unless root would know.
func (r *report) trouble(t trouble, next string) {
	if t.Denied {
		r.add(unknown, t.Text, "run it as root")
		return
	}
	r.wrong(t.Text, next)
}

func judgeFiles(r *report, h hostFacts, s serviceFacts) {
	reinstall := "call the module again, which writes them anew"
	switch {
	case h.Runit.is():
		r.trouble(h.Runit, "install runit, or name its folders in host.json: runit.sv, runit.service")
		return
	case !s.Installed:
		r.wrong("there is no service directory "+s.Dir, "install the service by the module (state=enabled), or remove what is left of it (state=absent)")
		return
	case !s.Ours:
		r.wrong("rundock did not write "+s.Dir+": there is no .rundock in it", "look at it by hand; rundock knows nothing of it")
		return
	}
	if s.Files.is() {
		r.trouble(s.Files, reinstall)
	}
	if !s.Runs && !s.Announced && !s.Files.is() {
		r.wrong("neither service.json nor announce.json is in "+s.Dir, reinstall)
	}
	if len(s.Missing) > 0 {
		r.wrong(fmt.Sprintf("%s: not there: %s", s.Dir, strings.Join(s.Missing, ", ")), reinstall)
	}
	if len(s.Edited) > 0 {
		r.note("%s: not as this rundockd writes it, so edited by hand or written by another release: %s", s.Dir, strings.Join(s.Edited, ", "))
	}
	if s.Deep && !s.Files.is() && len(s.Missing)+len(s.Edited) == 0 {
		r.fine("%s: %d files, as rundock writes them", s.Dir, s.FileCount)
	}
	if h.Config.is() {
		r.trouble(h.Config, "rundockd config; site.yml writes host.json")
	}
	judgeLink(r, h, s)
	if s.RunnerLives && s.Hash != "" && s.Says.Wanted != "" && s.Says.Wanted != s.Hash {
		r.wrong("service.json is another than the runner has read", "call the module again, or: sv hup "+halfOf(h, s, "service"))
	}
}

// judgeLink is about whether the service is to run at all.
func judgeLink(r *report, h hostFacts, s serviceFacts) {
	link := h.Service + "/docker-" + s.Name
	hidden := hiddenLink(h, s)
	switch {
	case s.Link.is():
		r.trouble(s.Link, "remove it, and enable the service by the module")
	case s.Enabled && s.Held:
		r.note("enabled: %s, although an administrator's %s is there", link, hidden)
	case s.Enabled:
		r.fine("enabled: %s", link)
	case s.Held:
		r.note("disabled by an administrator: %s; state=enabled leaves it so until that is removed", hidden)
	default:
		r.note("disabled: no %s; state=enabled makes it", link)
	}
	if s.Down {
		r.note("a file named down keeps it from being started before sv up")
	}
}

// hiddenLink is the link by which an administrator keeps the service disabled.
func hiddenLink(h hostFacts, s serviceFacts) string { return h.Service + "/.docker-" + s.Name }

// halfOf is the folder for sv of half service or announce.
func halfOf(h hostFacts, s serviceFacts, half string) string {
	if s.Runs && s.Announced {
		return h.Service + "/docker-" + s.Name + "/services/" + half
	}
	return "docker-" + s.Name
}

func judgeSupervision(r *report, h hostFacts, s serviceFacts) {
	if len(s.Deserted) > 0 {
		r.wrong("processes run in "+s.Dir+" as it was before it was deleted: "+strings.Trim(fmt.Sprint(s.Deserted), "[]"), "call the module: state=enabled has others take their place, and keeps the container; state=disabled or absent ends them")
	}
	if !s.Installed || !s.Ours || h.Runit.is() {
		return
	}
	if !s.Enabled {
		if s.Outer.Supervised {
			r.wrong("runsv still supervises it although it is disabled", "within 5 s runsvdir ends that; if not: sv exit "+s.Dir)
		}
		return
	}
	if !h.Scanned {
		if h.Root {
			r.wrong("no runsvdir watches "+h.Service, "start runit: on Debian service runit start, or see /etc/inittab")
		} else {
			r.add(unknown, "whether a runsvdir watches "+h.Service+" only root can see", "run it as root")
		}
	}
	for _, p := range processes(s) {
		judgeProcess(r, h, s, p.what, p.half, p.process)
	}
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
		all = append(all, named{"the runner", "service", s.Runner}, named{"the sidecar", "announce", s.Announcer})
	}
	return all
}

func judgeProcess(r *report, h hostFacts, s serviceFacts, what, half string, p supervised) {
	target := "docker-" + s.Name
	if half != "" {
		target = halfOf(h, s, half)
	}
	switch {
	case p.Trouble.is():
		r.trouble(p.Trouble, "look at "+s.Dir+"/supervise")
	case !p.Supervised:
		r.wrong("no runsv supervises "+what, "wait 5 s, in which runsvdir starts one; else call the module with state=enabled, which clears away what is left of the last")
	case p.Status.Paused:
		r.wrong(what+" is paused, by sv pause or another STOP", "sv cont "+target+", or state=enabled")
	case p.Status.WantDown && s.Down:
		r.wrong(what+" is not to run: a file named down is there", "remove that file from "+s.Dir+", and: sv up "+target)
	case p.Status.WantDown:
		r.wrong(what+" was stopped by hand, by sv down", "sv up "+target+", or state=enabled")
	case p.Status.PID == 0 && h.Now.Sub(p.Status.Since) < restartSoon:
		r.note("runsv is starting %s again", what)
	case p.Status.PID == 0:
		r.wrong(fmt.Sprintf("runsv has %s down since %s, and starts it again", what, age(h.Now, p.Status.Since)), "rundockd logs "+s.Name)
	default:
		r.fine("runsv supervises %s: process %d, up %s", what, p.Status.PID, age(h.Now, p.Status.Since))
	}
}

// restartSoon is how long runsv may have a process down that it is about to
// start again: a second, and some for a busy machine.
const restartSoon = 5 * time.Second

// age is how long ago t is, for people: 12s, 3m5s, 4h3m, 5d4h.
func age(now, t time.Time) string { return span(now.Sub(t)) }

func span(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

// stamp is t for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
