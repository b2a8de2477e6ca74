package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"rundock/internal/hostconfig"
)

// judge has dnsd's own rules say what is wrong with the record, by `dnsd check
// --try`. What is wrong only beside others, such as an alias of a name that is
// not there yet, is a warning.
func (t *task) judge() error {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(hostconfig.DNSProgram, "check", "--json", "--try", t.record.Key)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(t.record.Value), &stdout, &stderr
	runErr := cmd.Run()
	var findings []struct{ Level, Reason string }
	if err := json.Unmarshal(stdout.Bytes(), &findings); err != nil {
		if runErr == nil {
			runErr = err
		}
		return fmt.Errorf("%s check: %w: %s", hostconfig.DNSProgram, runErr, bytes.TrimSpace(stderr.Bytes()))
	}
	var wrong []error
	for _, f := range findings {
		if f.Level == "error" {
			wrong = append(wrong, fmt.Errorf("record %s: %s", t.record.Name, f.Reason))
		} else {
			t.warnings = append(t.warnings, f.Reason)
		}
	}
	return errors.Join(wrong...)
}
