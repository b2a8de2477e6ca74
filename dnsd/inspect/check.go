package inspect

import (
	"context"
	"encoding/json"
	"fmt"

	"rundock/dnsd/settings"
)

const checkUsage = `Usage: dnsd check [--json] [flags]

Reads every record in etcd and names those that dnsd skips (error), and those
that are answered but hardly as meant (warning): key, reason, value.

    dnsd check
    dnsd check --json | jq -r '.[] | select(.level == "error") | .key'

Exit code: 0 no errors, 1 etcd could not be read, 2 there are errors.
`

// A Finding is something about one record.
type Finding struct {
	Level  string `json:"level"` // error: the record is skipped; warning
	Key    string `json:"key"`
	Reason string `json:"reason"`
	Value  string `json:"value"`
}

func check(ctx context.Context, l *looking, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q, see dnsd check --help", args[0])
	}
	v, err := l.view(ctx)
	if err != nil {
		return err
	}
	findings := lint(l.settings, v)
	errs := 0
	for _, f := range findings {
		if f.Level == "error" {
			errs++
		}
	}
	if l.json {
		enc := json.NewEncoder(l.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(append([]Finding{}, findings...))
	} else {
		for _, f := range findings {
			fmt.Fprintf(l.out, "%s  %s\n    %s\n    %.300s\n", f.Level, printable(f.Key), f.Reason, printable(f.Value))
		}
		_, err = fmt.Fprintf(l.out, "%d keys, %d errors, %d warnings\n", len(v.keys), errs, len(findings)-errs)
	}
	if err == nil && errs > 0 {
		return ErrFound
	}
	return err
}

// lint is what there is to say about each record, in the order of keys.
func lint(s settings.Settings, v *view) (findings []Finding) {
	for _, k := range v.keys {
		level, reasons := "warning", []string(nil)
		if reason, ok := v.bad[k.Key]; ok {
			level, reasons = "error", []string{reason}
		} else {
			reasons = doubts(s, v, k.Key, k.Value)
		}
		for _, reason := range reasons {
			findings = append(findings, Finding{level, k.Key, reason, string(k.Value)})
		}
	}
	return findings
}
