package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/hostnames"
	"rundock/dnsd/settings"
	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

const checkUsage = `Usage: dnsd check [--json] [flags]

Reads every record in etcd and names those that dnsd skips (error), and those
that are answered but hardly as meant (warning): key, reason, value.

    dnsd check
    dnsd check --json | jq -r '.[] | select(.level == "error") | .key'

Exit code: 0 no errors, 1 etcd could not be read, 2 there are errors.
`

// A finding is something about one record.
type finding struct {
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
		err = enc.Encode(append([]finding{}, findings...))
	} else {
		for _, f := range findings {
			fmt.Fprintf(l.out, "%s  %s\n    %s\n    %.300s\n", f.Level, printable(f.Key), f.Reason, printable(f.Value))
		}
		_, err = fmt.Fprintf(l.out, "%d keys, %d errors, %d warnings\n", len(v.keys), errs, len(findings)-errs)
	}
	if err == nil && errs > 0 {
		return found{}
	}
	return err
}

// printable keeps what others wrote from steering the terminal.
func printable(s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0xfffd }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// lint is what there is to say about each record, in the order of keys.
func lint(s settings.Settings, v *view) (findings []finding) {
	for _, k := range v.keys {
		level, reasons := "warning", []string(nil)
		if reason, ok := v.bad[k.Key]; ok {
			level, reasons = "error", []string{reason}
		} else {
			reasons = doubts(s, v, k.Key, k.Value)
		}
		for _, reason := range reasons {
			findings = append(findings, finding{level, k.Key, reason, string(k.Value)})
		}
	}
	return findings
}

// doubts are about a record that dnsd reads.
func doubts(s settings.Settings, v *view, key string, value []byte) (reasons []string) {
	name, err := skydns.Name(s.Prefix, key)
	r, e := skydns.Parse(value)
	if errors.Join(err, e) != nil {
		return nil // lint was told so
	}
	if !s.InZones(name) && !strings.HasSuffix(name, ".arpa.") {
		reasons = append(reasons, name+" is in none of the zones: it is not answered")
	}
	if r.Host == "" && r.Text == "" && r.Type == "" {
		reasons = append(reasons, "it has neither host, text nor type: there is nothing to answer")
	}
	if v.hidden(key) {
		reasons = append(reasons, "it is not answered, as the key without the final slash means the same name and is there: delete one")
	}
	if unknown := unknownFields(value); len(unknown) > 0 {
		reasons = append(reasons, "unknown fields are ignored: "+strings.Join(unknown, ", "))
	}
	if repeated := repeatedFields(value); len(repeated) > 0 {
		reasons = append(reasons, "these fields are there more than once, and the last of each counts: "+strings.Join(repeated, ", "))
	}
	if len(r.Text) > answer.MaxText {
		reasons = append(reasons, fmt.Sprintf("its text has %d bytes, of which no answer holds more than %d: it is not answered", len(r.Text), answer.MaxText))
	}
	if err := hostnames.Refused(name, r); err != nil {
		reasons = append(reasons, "resolvers refuse its name, which clients that follow SRV look up: use another key: "+err.Error())
	} else if dotted := dottedLabel(s.Prefix, key); dotted != "" {
		reasons = append(reasons, fmt.Sprintf("%q is one label with a dot in it, not several: those have a slash between them in the key", dotted))
	}
	if addr, ok := r.Addr(); ok && addressDoubt(addr) != "" {
		reasons = append(reasons, addressDoubt(addr))
	}
	if r.TargetStrip > 0 && r.TargetStrip >= dns.CountLabel(name) {
		reasons = append(reasons, "targetstrip is longer than the name")
	}
	if _, address := r.Addr(); !address && r.Host != "" {
		if r.Port == 0 && !r.Mail && (r.Text != "" || r.Type != "") {
			reasons = append(reasons, "its host is a name, which gives no CNAME beside its text or data: write them to names of their own")
		}
		target := strings.ToLower(dns.Fqdn(r.Host))
		if reply := v.answers.Reply(dns.Question{Name: target, Qtype: dns.TypeA, Qclass: dns.ClassINET}, 0); s.InZones(target) && reply.Rcode == dns.RcodeNameError {
			reasons = append(reasons, "its host "+target+" does not exist")
		}
	}
	return reasons
}

// recordFields are the names that skydns.Parse knows.
var recordFields = []string{"host", "port", "priority", "weight", "ttl", "text", "mail", "targetstrip", "group", "tags", "meta", "colour", "id", "type", "rdata"}

func unknownFields(value []byte) (unknown []string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) != nil {
		return nil
	}
	for name := range fields {
		if !slices.Contains(recordFields, strings.ToLower(name)) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}
