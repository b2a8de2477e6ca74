package task

import (
	"testing"

	"rundock/internal/control"
)

func TestResult(t *testing.T) {
	plan := []string{"prepare green on front-1", "send all to green, on each of them"}
	for _, c := range []struct {
		claim     string
		outcome   control.SwitchOutcome
		check     bool
		msg, fail string
		diff      bool
	}{
		{"it is switched", control.SwitchOutcome{From: "blue", To: "green", Active: "green", Changed: true}, false, "green has the traffic of web", "", true},
		{"it was before", control.SwitchOutcome{From: "green", To: "green", Active: "green"}, false, "green has the traffic of web already", "", false},
		{"check mode tells the plan", control.SwitchOutcome{From: "blue", To: "green", Active: "blue", Changed: true, Plan: plan}, true,
			"would prepare green on front-1, send all to green, on each of them", "", true},
		{"it went back", control.SwitchOutcome{From: "blue", To: "green", Active: "blue", Back: "load balancer front-2 is down"}, false,
			"", "blue has the traffic of web as before: load balancer front-2 is down", false},
		{"it is refused, in check mode too", control.SwitchOutcome{To: "green", Refused: "no load balancer is registered for web"}, true, "", "no load balancer is registered for web", false},
		{"it is not known", control.SwitchOutcome{To: "green", Unknown: "the store has not answered within 10s"}, false,
			"", "it is not known which colour has the traffic of web: the store has not answered within 10s", false},
	} {
		t.Run(c.claim, func(t *testing.T) {
			c.outcome.Service = "web"
			r := result(c.outcome, c.check)
			if r.Msg != c.msg || (r.Err == nil) != (c.fail == "") || r.Err != nil && r.Err.Error() != c.fail || r.Changed != c.outcome.Changed {
				t.Errorf("result = %+v", r)
			}
			if (len(r.Diff) == 1) != c.diff || c.diff && (r.Diff[0].Before != "blue\n" || r.Diff[0].After != "green\n") {
				t.Errorf("diff = %+v", r.Diff)
			}
		})
	}
}
