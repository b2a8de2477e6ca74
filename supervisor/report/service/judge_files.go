package service

import (
	"fmt"
	"strings"

	"rundock/supervisor/report"
)

func judgeFiles(r *report.Part, h hostFacts, s serviceFacts) {
	reinstall := "call the module again, which writes them anew"
	switch {
	case h.Runit.Failed():
		r.Trouble(h.Runit, "install runit, or name its folders in host.json: runit.sv, runit.service")
		return
	case !s.Installed:
		r.Wrong("there is no service directory "+s.Dir, "install the service by the module (state=enabled), or remove what is left of it (state=absent)")
		return
	case !s.Ours:
		r.Wrong("rundock did not write "+s.Dir+": there is no .rundock in it", "look at it by hand; rundock knows nothing of it")
		return
	}
	if s.Files.Failed() {
		r.Trouble(s.Files, reinstall)
	}
	if !s.Runs && !s.Announced && !s.Files.Failed() {
		r.Wrong("neither service.json nor announce.json is in "+s.Dir, reinstall)
	}
	if len(s.Missing) > 0 {
		r.Wrong(fmt.Sprintf("%s: not there: %s", s.Dir, strings.Join(s.Missing, ", ")), reinstall)
	}
	if len(s.Edited) > 0 {
		r.Note("%s: not as this rundockd writes it, so edited by hand or written by another release: %s", s.Dir, strings.Join(s.Edited, ", "))
	}
	if len(s.OtherSecrets) > 0 {
		r.Note("%s: another value than was installed, in its file in env/: the next container gets it, as after a crash; state=enabled writes the file anew", strings.Join(s.OtherSecrets, ", "))
	}
	if s.Deep && !s.Files.Failed() && len(s.Missing)+len(s.Edited)+len(s.OtherSecrets) == 0 {
		r.Fine("%s: %d files, as rundock writes them", s.Dir, s.FileCount)
	}
	if h.Config.Failed() {
		r.Trouble(h.Config, "rundockd config; site.yml writes host.json")
	}
	judgeLink(r, h, s)
	if s.RunnerAlive && s.Hash != "" && s.RunnerStatus.Wanted != "" && s.RunnerStatus.Wanted != s.Hash {
		r.Wrong("service.json is another than the runner has read", "call the module again, or: sv hup "+halfOf(h, s, "service"))
	}
}

// judgeLink is about whether the service is to run at all.
func judgeLink(r *report.Part, h hostFacts, s serviceFacts) {
	link := h.Service + "/docker-" + s.Name
	hidden := hiddenLink(h, s)
	switch {
	case s.Link.Failed():
		r.Trouble(s.Link, "remove it, and enable the service by the module")
	case s.Enabled && s.Masked:
		r.Note("enabled: %s, although an administrator's %s is there", link, hidden)
	case s.Enabled:
		r.Fine("enabled: %s", link)
	case s.Masked:
		r.Note("disabled by an administrator: %s; state=enabled leaves it so until that is removed", hidden)
	default:
		r.Note("disabled: no %s; state=enabled makes it", link)
	}
	if s.Down {
		r.Note("a file named down keeps it from being started before sv up")
	}
}
