package audit

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The parts of SARIF 2.1.0 that are written.
//
// Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID       string          `json:"id"`
		Short    sarifText       `json:"shortDescription"`
		Full     sarifText       `json:"fullDescription"`
		Help     sarifText       `json:"help"`
		Defaults sarifDefaults   `json:"defaultConfiguration"`
		More     sarifProperties `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifDefaults struct {
		Level string `json:"level"`
	}
	sarifProperties struct {
		Tags     []string `json:"tags"`
		Severity string   `json:"security-severity"` // a number, by which code hosts sort
	}
	sarifInvocation struct {
		OK   bool      `json:"executionSuccessful"`
		End  time.Time `json:"endTimeUtc"`
		Host string    `json:"machine"`
	}
	sarifResult struct {
		Rule         string             `json:"ruleId"`
		Index        int                `json:"ruleIndex"`
		Kind         string             `json:"kind"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind   string `json:"kind"`
		Status string `json:"status"`
		Reason string `json:"justification"`
	}
)

// sarif is the document as SARIF 2.1.0. What is accepted is there, as suppressed.
func sarif(d Document, release string) sarifLog {
	driver := sarifDriver{Name: "rundockd audit", Version: cmp.Or(release, "unknown"), Rules: []sarifRule{}}
	index := map[string]int{}
	add := func(id string, s Severity, wants, reason, remedy, group string) {
		if _, known := index[id]; known {
			return
		}
		index[id] = len(driver.Rules)
		driver.Rules = append(driver.Rules, sarifRule{
			ID: id, Short: sarifText{wants}, Full: sarifText{wants + ": " + reason}, Help: sarifText{remedy},
			Defaults: sarifDefaults{levelOf(s)}, More: sarifProperties{[]string{"security", group}, scoreOf(s)},
		})
	}
	for _, c := range Checks {
		add(c.ID, c.Severity, c.Wants, c.Reason, c.Remedy, c.group())
	}
	run := sarifRun{Invocations: []sarifInvocation{{OK: true, End: d.Time, Host: cmp.Or(d.Host, "unknown")}}, Results: []sarifResult{}}
	for _, f := range slices.Concat(d.Findings, d.Accepted) {
		add(f.ID, f.Severity, f.Wants, f.Reason, f.Remedy, f.Group)
		r := sarifResult{
			Rule: f.ID, Index: index[f.ID], Kind: "fail", Level: levelOf(f.Severity), Message: sarifText{f.Subject + ": " + f.Text},
			Locations:    []sarifLocation{{Logical: []sarifLogical{{f.Subject, d.Host + "/" + f.Subject, "resource"}}}},
			Fingerprints: map[string]string{"rundock/v1": d.Host + "/" + f.ID + "/" + f.Subject},
		}
		if strings.HasPrefix(f.Subject, "/") {
			r.Locations[0].Physical = &sarifPhysical{sarifArtifact{"file://" + f.Subject}}
		}
		if f.Accepted != "" {
			r.Suppressions = []sarifSuppression{{"external", "accepted", f.Accepted}}
		}
		run.Results = append(run.Results, r)
	}
	run.Tool.Driver = driver
	return sarifLog{"https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json", "2.1.0", []sarifRun{run}}
}

// levelOf is how SARIF calls a severity.
func levelOf(s Severity) string {
	switch s {
	case High:
		return "error"
	case Medium:
		return "warning"
	}
	return "note"
}

// scoreOf is a severity as a number from 0 to 10, as CVSS has them.
func scoreOf(s Severity) string {
	switch s {
	case High:
		return "8.0"
	case Medium:
		return "5.0"
	}
	return "2.0"
}
