package network

import (
	"os"
	"slices"
	"time"

	"rundock/supervisor/report"
)

// lookOnce tells how networks stand at this moment.
func lookOnce(names []string) statusReport {
	r := statusReport{Version: report.Version, Time: time.Now().UTC(), Networks: []Status{}}
	r.Host, _ = os.Hostname()
	for _, name := range names {
		r.Networks = append(r.Networks, statusOf(agentFactsOf(name)))
	}
	return r
}

// Look tells how networks stand: at this moment, or where something is wrong,
// once it is beyond doubt.
func Look(names []string) []Status { return look(names).Networks }

func look(names []string) statusReport {
	return report.LookAgain(func(statusReport, bool) statusReport { return lookOnce(names) }, statusReport.doubtful)
}

// doubtful reports whether something that is wrong may be over in a moment, as
// while one agent takes over from another, or one is being started.
func (r statusReport) doubtful() bool {
	return slices.ContainsFunc(r.Networks, func(s Status) bool { return s.Verdict == "wrong" })
}
