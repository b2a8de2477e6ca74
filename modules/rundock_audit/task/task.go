// Package task is one call of rundock_audit: it has rundockd look at the host.
package task

import (
	"encoding/json"
	"fmt"
	"slices"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/modules/rundock_audit/params"
)

// request is what rundockd is asked.
type request struct {
	Version  int                 `json:"version"`
	Accepted []params.Acceptance `json:"accepted"`
	Scanner  *params.Scanner     `json:"scanner,omitempty"`
	Programs map[string]string   `json:"programs,omitempty"`
	SARIF    bool                `json:"sarif,omitempty"`
}

// answer is what it says, as far as the module reads it.
type answer struct {
	Version   int               `json:"version"`
	Benchmark string            `json:"benchmark"`
	Checks    int               `json:"checks"`
	Counts    map[string]int    `json:"counts"`
	Findings  []json.RawMessage `json:"findings"`
	Accepted  []json.RawMessage `json:"accepted"`
	Skipped   []json.RawMessage `json:"skipped"`
	Idle      []struct {
		ID      string `json:"id"`
		Service string `json:"service"`
	} `json:"idle"`
	Summary string          `json:"summary"`
	Lines   []string        `json:"lines"`
	SARIF   json.RawMessage `json:"sarif"`
}

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	var p params.Params
	if err := c.Decode(&p); err != nil {
		return ansible.Result{Err: err}
	}
	var a answer
	q := request{Version: control.Version, Accepted: p.Accepted, Scanner: p.Scanner, Programs: p.Programs, SARIF: p.SARIF}
	if err := module.Ask(q, &a, &a.Version, "audit", "ctl"); err != nil {
		return ansible.Result{Err: err}
	}
	return result(p, a)
}

// result is what an answer says of the task.
func result(p params.Params, a answer) ansible.Result {
	r := ansible.Result{Msg: a.Summary, Values: map[string]any{
		"lines": a.Lines, "findings": a.Findings, "accepted": a.Accepted, "counts": a.Counts, "checks": a.Checks, "not_applicable": a.Skipped, "benchmark": a.Benchmark,
	}}
	if p.SARIF {
		r.Values["sarif"] = a.SARIF
	}
	for _, i := range a.Idle {
		of := ""
		if i.Service != "" {
			of = " of service " + i.Service
		}
		r.Warnings = append(r.Warnings, fmt.Sprintf("accepted: %s%s accepts nothing on this host", i.ID, of))
	}
	if n := over(p.FailOn, a.Counts); n > 0 {
		r.Err = fmt.Errorf("%s; fail_on is %s", a.Summary, p.FailOn)
	}
	return r
}

// over is how many findings are as bad as least; none where that is "".
func over(least string, counts map[string]int) (n int) {
	severities := []string{"low", "medium", "high"}
	i := slices.Index(severities, least)
	if i < 0 {
		return 0
	}
	for _, s := range severities[i:] {
		n += counts[s]
	}
	return n
}
