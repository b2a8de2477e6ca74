package task

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/modules/rundock_record/params"
)

// judge has dnsd's own rules say what is wrong with the record, by `dnsd check
// --try`. What is wrong only beside others, such as an alias of a name that is
// not there yet, is a warning.
func judge(r params.Record) (warnings []string, err error) {
	o, err := module.Start(hostconfig.DNSProgram, r.Value, "check", "--json", "--try", r.Key)
	if err != nil {
		return nil, err
	}
	var findings []struct{ Level, Reason string }
	if err := json.Unmarshal(o.Stdout, &findings); err != nil {
		return nil, fmt.Errorf("dnsd check: %w", cmp.Or(o.Err(), err))
	}
	var wrong []error
	for _, f := range findings {
		if f.Level == "error" {
			wrong = append(wrong, fmt.Errorf("record %s: %s", r.Name, f.Reason))
		} else {
			warnings = append(warnings, f.Reason)
		}
	}
	return warnings, errors.Join(wrong...)
}
