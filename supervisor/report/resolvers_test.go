package report

import (
	"testing"

	"rundock/internal/container"
)

// TestResolvers_that_a_new_container_would_not_ask are told of; whether they are
// dead is known where one of the new ones is the host.
func TestResolvers_that_a_new_container_would_not_ask(t *testing.T) {
	const moved = "it asks 10.0.0.7 for names, and a new container would ask 10.0.0.99"
	for claim, c := range map[string]struct {
		resolvers []string
		own       string
		want      level
	}{
		"the same":                              {[]string{"10.0.0.7"}, "10.0.0.7", ""},
		"the host's address is another":         {[]string{"10.0.0.99"}, "10.0.0.99", wrong},
		"host.json names another that is fixed": {[]string{"10.0.0.99"}, "", note},
	} {
		t.Run(claim, func(t *testing.T) {
			s := serviceFacts{Hash: "5f1c", Resolvers: c.resolvers}
			s.Origins.Resolver = c.own
			s.Container = container.State{Resolvers: []string{"10.0.0.7"}, Labels: map[string]string{container.LabelSpec: "5f1c"}}
			var r report
			judgeResolvers(&r, s)
			switch {
			case c.want == "" && len(r.findings) > 0:
				t.Errorf("it says %+v", r.findings)
			case c.want != "" && (len(r.findings) != 1 || r.findings[0].Level != c.want || r.findings[0].Text[:len(moved)] != moved):
				t.Errorf("it says %+v, want %s: %s", r.findings, c.want, moved)
			}
		})
	}
}
