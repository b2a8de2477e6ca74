package ansible

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Call is one call of a module.
type Call struct {
	Check  bool // change nothing, report the same
	Diff   bool // Diff of the Result is wanted
	values map[string]any
}

// Decode fills the struct that into points to, and the structs within it,
// from the call's parameters, by their names in `json:"..."`. A parameter that
// is not given leaves its field.
func (c Call) Decode(into any) error {
	data, err := json.Marshal(c.values)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("read parameters: %w", err)
	}
	return nil
}

// Given reports whether a parameter is given or has a default.
func (c Call) Given(name string) bool {
	_, ok := c.values[name]
	return ok
}

// request is what Ansible asked, and what it needs for the answer.
type request struct {
	module       string
	call         Call
	secrets      []string // values of no_log parameters
	invocation   bool     // show the arguments in the result
	warnings     []string
	deprecations []Deprecation
}

// read decodes and checks input. Keys beginning with _ansible_ are Ansible's
// own; a newer one that is not known here means nothing to us.
func (r *request) read(spec Spec, input []byte) error {
	var all map[string]any
	if err := decode(input, &all); err != nil {
		return fmt.Errorf("read arguments: they are not one JSON object: %w", err)
	}
	if all == nil {
		return errors.New("read arguments: they are not one JSON object")
	}
	given := map[string]any{}
	internal := map[string]any{}
	for name, v := range all {
		if key, ok := strings.CutPrefix(name, "_ansible_"); ok {
			internal[key] = v
		} else {
			given[name] = v
		}
	}
	if name, ok := internal["module_name"].(string); ok && name != "" {
		r.module = strings.TrimPrefix(name, "ansible.legacy.")
	}
	// Ansible puts the task's environment on the command line, for all users
	// to read; our action plugin puts it here.
	if environment, ok := internal["environment"].(map[string]any); ok {
		for name, v := range environment {
			if err := os.Setenv(name, fmt.Sprint(v)); err != nil {
				return fmt.Errorf("set %q of the task's environment: %w", name, err)
			}
		}
	}
	flag := func(key string) bool {
		on, err := toBool(internal[key])
		return err == nil && on == true
	}
	r.call.Check, r.call.Diff, r.invocation = flag("check_mode"), flag("diff"), flag("inject_invocation")
	// Before anything can fail, as given; then as read, which differs.
	r.secrets = secrets(spec.Params, given, os.LookupEnv)
	reading := reading{env: os.LookupEnv}
	values, err := reading.read(spec, r.module, given, flag("ignore_unknown_opts"))
	r.secrets = append(r.secrets, secrets(spec.Params, values, os.LookupEnv)...)
	r.call.values, r.warnings, r.deprecations = values, reading.warnings, reading.deprecations
	return err
}
