package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"rundock/dnsd/settings"
	"rundock/internal/registry"
)

const checkUsage = `Usage: dnsd check [--json] [flags]

Reads every record in etcd and names those that dnsd skips (error), and those
that are answered but hardly as meant (warning): key, reason, value.

    dnsd check
    dnsd check --json | jq -r '.[] | select(.level == "error") | .key'
    echo '{"host":"10.1.0.11"}' | dnsd check --try /skydns/com/example/prod/s/printer/static

With --try it judges one record, on stdin, as if it was at that key: what is wrong
with itself is an error then, and what others make of it a warning.

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
	findings, count, err := l.findings(ctx)
	if err != nil {
		return err
	}
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
		_, err = fmt.Fprintf(l.out, "%d keys, %d errors, %d warnings\n", count, errs, len(findings)-errs)
	}
	if err == nil && errs > 0 {
		return ErrFound
	}
	return err
}

// findings are those about count records: all, or the one of --try.
func (l *looking) findings(ctx context.Context) (findings []Finding, count int, err error) {
	if l.try == "" {
		v, err := l.view(ctx)
		if err != nil {
			return nil, 0, err
		}
		return lint(l.settings, v), len(v.keys), nil
	}
	value, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, 0, fmt.Errorf("read the record: %w", err)
	}
	keys, revision, err := l.client.List(ctx, l.settings.Prefix+"/")
	if err != nil {
		return nil, 0, err
	}
	findings, err = tried(l.settings, keys, revision, l.try, value)
	return findings, 1, err
}

// tried is what there is to say about a record if it was at key.
func tried(s settings.Settings, keys []registry.Listed, revision int64, key string, value []byte) (findings []Finding, err error) {
	at, found := slices.BinarySearchFunc(keys, key, func(k registry.Listed, key string) int { return strings.Compare(k.Key, key) })
	if !found {
		keys = slices.Insert(keys, at, registry.Listed{Key: key})
	}
	keys[at].Value = value
	v, err := newView(s, keys, revision)
	if err != nil {
		return nil, err
	}
	if reason, ok := v.bad[key]; ok {
		return []Finding{{"error", key, reason, string(value)}}, nil
	}
	for _, reason := range doubts(s, key, value) {
		findings = append(findings, Finding{"error", key, reason, string(value)})
	}
	for _, reason := range doubtsBeside(s, v, key, value) {
		findings = append(findings, Finding{"warning", key, reason, string(value)})
	}
	return findings, nil
}

// lint is what there is to say about each record, in the order of keys.
func lint(s settings.Settings, v *view) (findings []Finding) {
	for _, k := range v.keys {
		level, reasons := "warning", []string(nil)
		if reason, ok := v.bad[k.Key]; ok {
			level, reasons = "error", []string{reason}
		} else {
			reasons = append(doubts(s, k.Key, k.Value), doubtsBeside(s, v, k.Key, k.Value)...)
		}
		for _, reason := range reasons {
			findings = append(findings, Finding{level, k.Key, reason, string(k.Value)})
		}
	}
	return findings
}
