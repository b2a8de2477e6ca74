package switching

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"
)

const historyUsage = `usage: rundockd history SERVICE [--json]

The switches of a service's colours, the last one first: when, who asked, from and
to which colour, its image, and why it went back if it did.

Exit code: 0, 1 if the store does not answer, 2 for a bad argument, 4 if there is no
such service, or it was never switched.
`

// HistoryMain is `rundockd history`.
func HistoryMain(args []string) int {
	set := flag.NewFlagSet("history", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, historyUsage, args)
	if done {
		return code
	}
	if len(names) != 1 {
		return report.BadUsage("history", "want one SERVICE")
	}
	if report.NeedsRoot("history") {
		return report.ExitUnknown
	}
	_, store, err := open.Here()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd history:", err)
		return report.ExitUnknown
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(context.Background(), report.Patience)
	defer cancel()
	entries, faults, err := history(ctx, store, names[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd history:", err)
		return report.ExitUnknown
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, "rundockd history:", fault)
	}
	code = report.ExitWell
	if len(entries) == 0 {
		code = report.ExitNone
	}
	if *asJSON {
		return report.PrintJSON(struct {
			Version  int             `json:"version"`
			Service  string          `json:"service"`
			Switches []cutover.Entry `json:"switches"`
		}{report.Version, names[0], append([]cutover.Entry{}, entries...)}, code)
	}
	if len(entries) == 0 {
		fmt.Fprintf(os.Stderr, "rundockd history: %s was never switched\n", names[0])
		return code
	}
	fmt.Print(historyTable(entries))
	return code
}

// history is what the store has of a service's switches, the last one first.
func history(ctx context.Context, store registry.Store, service string) (entries []cutover.Entry, faults []error, err error) {
	listed, _, err := store.List(ctx, cutover.HistoryPrefix(service))
	if err != nil {
		return nil, nil, err
	}
	for i := len(listed) - 1; i >= 0; i-- {
		e, err := cutover.ParseEntry(listed[i].Value)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", listed[i].Key, err))
			continue
		}
		entries = append(entries, e)
	}
	return entries, faults, nil
}

func historyTable(entries []cutover.Entry) string {
	rows := [][]string{{"WHEN", "WHO", "FROM", "TO", "IMAGE", "ENDED"}}
	for _, e := range entries {
		ended := "switched"
		if e.Back != "" {
			ended = "went back: " + e.Back
		}
		rows = append(rows, []string{e.Ended.UTC().Format(time.RFC3339), report.Cell(e.Who), e.From, e.To, report.Cell(e.Image), ended})
	}
	return report.Table(rows)
}
