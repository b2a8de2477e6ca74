package service

import (
	"fmt"
	"slices"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

// judge tells the story of a service in order: files, supervision, runner,
// container, store agent, announcement, DNS, load balancers, other hosts. What comes first is the cause of what follows,
// so that the first thing that is wrong is the one to look at. It is pure.
func judge(h hostFacts, s serviceFacts) []report.Finding {
	var all []report.Finding
	for _, part := range []struct {
		name  string
		judge func(*report.Part, hostFacts, serviceFacts)
	}{
		{"files", judgeFiles}, {"supervision", judgeSupervision}, {"runner", judgeRunner},
		{"container", judgeContainer}, {"store agent", judgeStoreAgent}, {"announcement", judgeAnnouncement}, {"dns", judgeDNS},
		{"load balancers", judgeBalancers}, {"other hosts", judgeReach},
	} {
		if h.Drained != "" && s.Enabled && part.name != "files" && part.name != "supervision" {
			continue
		}
		if s.standsBy() && slices.Contains([]string{"container", "announcement", "dns", "load balancers", "other hosts"}, part.name) {
			continue // they are of the host where it runs
		}
		r := report.Part{Name: part.name}
		part.judge(&r, h, s)
		all = append(all, r.Findings...)
	}
	if h.Drained != "" && s.Enabled {
		r := report.Part{Name: "host"}
		judgeDrained(&r, h, s)
		all = append(all, r.Findings...)
	}
	return all
}

// standsBy reports whether the service is a slot that another host runs.
func (s serviceFacts) standsBy() bool {
	return s.Runs && s.Enabled && s.RunnerAlive && s.RunnerStatus.Phase == control.Standby
}

// judgeDrained judges an enabled service of a host that is drained, on which none is to run.
func judgeDrained(r *report.Part, h hostFacts, s serviceFacts) {
	switch {
	case s.Runs && s.RunnerAlive && s.RunnerStatus.Phase != control.Drained:
		r.Wrong(fmt.Sprintf("%s, and its runner is still %s", h.Drained, s.RunnerStatus.Phase), "rundockd drain, which waits until it is done")
	case !s.Runs && s.SidecarAlive && !s.SidecarStatus.Drained:
		r.Wrong(fmt.Sprintf("%s, and it is still %s", h.Drained, s.SidecarStatus.State), "rundockd drain, which waits until it is done")
	default:
		r.Note("%s; rundockd undrain has it run again", h.Drained)
	}
}

// verdict is what the findings come to.
func verdict(h hostFacts, s serviceFacts, findings []report.Finding) string {
	v := report.Verdict(findings)
	if v == string(report.Fine) && !s.Enabled {
		return "disabled"
	}
	if v == string(report.Fine) && h.Drained != "" {
		return "drained"
	}
	if v == string(report.Fine) && s.standsBy() {
		return "standby"
	}
	return v
}
