package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

// request is what module rundock_audit asks.
type request struct {
	Version  int               `json:"version"`
	Accepted []Acceptance      `json:"accepted"`
	Scanner  *Scanner          `json:"scanner,omitempty"`
	Programs map[string]string `json:"programs,omitempty"` // SHA-256 of programs, as they are to be
	SARIF    bool              `json:"sarif,omitempty"`
}

// answer is the document, and what the module returns besides.
type answer struct {
	Document
	Summary string    `json:"summary"`
	Lines   []string  `json:"lines"`
	SARIF   *sarifLog `json:"sarif,omitempty"`
}

// ctlMain answers one request.
func ctlMain(release string, in io.Reader, out io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "rundockd audit ctl:", err)
		return report.ExitUsage
	}
	var q request
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		return fail(fmt.Errorf("read the request: %w", err))
	}
	if q.Version != control.Version {
		return fail(fmt.Errorf("the request is of version %d, not %d", q.Version, control.Version))
	}
	if err := checkAcceptances(q.Accepted, q.Scanner != nil); err != nil {
		return fail(err)
	}
	if q.Scanner != nil && len(q.Scanner.Command) == 0 {
		return fail(fmt.Errorf("scanner: it has no command"))
	}
	ctx := context.Background()
	o := gather(ctx, q.Programs)
	var scanned []Finding
	if q.Scanner != nil {
		scanned = q.Scanner.scan(ctx, o)
	}
	a := answer{Document: Judge(o, scanned, q.Accepted)}
	a.Summary, a.Lines = a.Document.Summary(), a.Document.Lines(false)
	if q.SARIF {
		log := sarif(a.Document, release)
		a.SARIF = &log
	}
	if err := json.NewEncoder(out).Encode(a); err != nil {
		return fail(err)
	}
	return report.ExitWell
}
