package audit

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
)

// TestSARIF_has_the_form_of_2_1_0 holds what the standard's schema requires of the parts that are
// written, and that rules and results belong together.
func TestSARIF_has_the_form_of_2_1_0(t *testing.T) {
	o := wellKept()
	o.Containers[0].Privileged = true
	o.Files["/etc/rundock/pki/host.key"] = File{Mode: 0o644, Owner: "root:root"}
	d := Judge(o, []Finding{{ID: "CVE-2026-1", Group: "images", Severity: Low, Subject: "web@sha256:aa", Text: "x", Wants: "w", Reason: "r", Remedy: "m"}}, nil)
	data, err := json.Marshal(sarif(d, "v1"))
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                                      string
						ShortDescription, FullDescription, Help struct{ Text string }
						DefaultConfiguration                    struct{ Level string }
					}
				}
			}
			Invocations []struct{ ExecutionSuccessful *bool }
			Results     []struct {
				RuleID       string `json:"ruleId"`
				RuleIndex    *int
				Kind, Level  string
				Message      struct{ Text string }
				Locations    []map[string]any
				Suppressions []struct{ Kind, Status, Justification string }
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(log.Schema); err != nil || !u.IsAbs() || log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("the head is %+v", log)
	}
	run := log.Runs[0]
	if len(run.Invocations) != 1 || run.Invocations[0].ExecutionSuccessful == nil {
		t.Errorf("invocations: %+v", run.Invocations)
	}
	levels := []string{"none", "note", "warning", "error"}
	seen := map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		if r.ID == "" || seen[r.ID] || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" || !slices.Contains(levels, r.DefaultConfiguration.Level) {
			t.Errorf("rule %+v is there twice or lacks something", r)
		}
		seen[r.ID] = true
	}
	if len(run.Results) != len(d.Findings)+len(d.Accepted) {
		t.Errorf("%d results of %d findings and %d accepted", len(run.Results), len(d.Findings), len(d.Accepted))
	}
	suppressed := 0
	for _, r := range run.Results {
		if r.RuleIndex == nil || *r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID || r.Kind != "fail" || !slices.Contains(levels, r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("result %+v", r)
		}
		for _, s := range r.Suppressions {
			suppressed++
			if s.Kind != "external" || s.Status != "accepted" || s.Justification == "" {
				t.Errorf("%s is suppressed by %+v", r.RuleID, s)
			}
		}
	}
	if suppressed != len(d.Accepted) {
		t.Errorf("%d are suppressed of %d that are accepted", suppressed, len(d.Accepted))
	}
	if empty, _ := json.Marshal(sarif(Judge(Observation{}, nil, nil), "")); !json.Valid(empty) {
		t.Error("of nothing it makes no JSON")
	}
}
