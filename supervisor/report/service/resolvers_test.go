package service

import (
	"testing"

	"rundock/internal/container"
	"rundock/supervisor/report"
)

// TestResolvers_that_a_new_container_would_not_ask are told of; whether they are
// dead is known where one of the new ones is the host.
func TestResolvers_that_a_new_container_would_not_ask(t *testing.T) {
	const moved = "it asks 10.0.0.7 for names, and a new container would ask 10.0.0.99"
	for claim, c := range map[string]struct {
		resolvers []string
		own       string
		want      report.Level
	}{
		"the same":                              {[]string{"10.0.0.7"}, "10.0.0.7", ""},
		"the host's address is another":         {[]string{"10.0.0.99"}, "10.0.0.99", report.Wrong},
		"host.json names another that is fixed": {[]string{"10.0.0.99"}, "", report.Note},
	} {
		t.Run(claim, func(t *testing.T) {
			s := serviceFacts{Hash: "5f1c", Resolvers: c.resolvers}
			s.Origins.Resolver = c.own
			s.Container = container.State{Resolvers: []string{"10.0.0.7"}, Labels: map[string]string{container.LabelSpec: "5f1c"}}
			var r report.Part
			judgeResolvers(&r, s)
			switch {
			case c.want == "" && len(r.Findings) > 0:
				t.Errorf("it says %+v", r.Findings)
			case c.want != "" && (len(r.Findings) != 1 || r.Findings[0].Level != c.want || r.Findings[0].Text[:len(moved)] != moved):
				t.Errorf("it says %+v, want %s: %s", r.Findings, c.want, moved)
			}
		})
	}
}
