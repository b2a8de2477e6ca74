package service

import "rundock/supervisor/report"

// judge tells the story of a service in order: files, supervision, runner,
// container, store agent, announcement, DNS, other hosts. What comes first is the cause of what follows,
// so that the first thing that is wrong is the one to look at. It is pure.
func judge(h hostFacts, s serviceFacts) []report.Finding {
	var all []report.Finding
	for _, part := range []struct {
		name  string
		judge func(*report.Part, hostFacts, serviceFacts)
	}{
		{"files", judgeFiles}, {"supervision", judgeSupervision}, {"runner", judgeRunner},
		{"container", judgeContainer}, {"store agent", judgeStoreAgent}, {"announcement", judgeAnnouncement}, {"dns", judgeDNS}, {"other hosts", judgeReach},
	} {
		r := report.Part{Name: part.name}
		part.judge(&r, h, s)
		all = append(all, r.Findings...)
	}
	return all
}

// verdict is what the findings come to.
func verdict(s serviceFacts, findings []report.Finding) string {
	v := report.Verdict(findings)
	if v == string(report.Fine) && !s.Enabled {
		return "disabled"
	}
	return v
}
