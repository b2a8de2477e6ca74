package ansible

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"rundock/internal/fstree"
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

// Result is what a module did. Err makes the task fail; what is in the other
// fields was done nevertheless.
type Result struct {
	Changed  bool
	Msg      string // one line for people; replaced by Err's text
	Err      error
	Diff     []fstree.Diff
	Warnings []string
	Values   map[string]any // returned besides, under these names

	Deprecations []Deprecation
}

// Main runs a module and ends the process: the whole life of a module's main
// function. Arguments are read from the file named by the first argument, or
// from stdin when there is none. Under ssh stdin may be a terminal that never
// ends, so it is not touched when there is a file.
func Main(spec Spec, run func(Call) Result) {
	input, err := arguments(os.Args[1:], os.Stdin)
	output, code := respond(spec, input, err, run)
	if _, err := os.Stdout.Write(output); err != nil {
		code = 1
	}
	os.Exit(code)
}

func arguments(args []string, stdin io.Reader) ([]byte, error) {
	if len(args) > 1 {
		return nil, fmt.Errorf("read arguments: want one file of them, or JSON on stdin; got %d words", len(args))
	}
	data, err := []byte(nil), error(nil)
	if len(args) == 1 {
		data, err = os.ReadFile(args[0])
	} else {
		data, err = io.ReadAll(stdin)
	}
	if err != nil {
		return nil, fmt.Errorf("read arguments: %w", err)
	}
	return data, nil
}

// respond turns arguments into one line of JSON and an exit code. inputErr is
// why there are no arguments. A panic of run becomes a failure with its stack,
// which Ansible shows, where text on stderr would spoil the result.
func respond(spec Spec, input []byte, inputErr error, run func(Call) Result) (output []byte, code int) {
	req := request{module: spec.Module}
	defer func() {
		if p := recover(); p != nil {
			output, code = req.answer(Result{
				Err:    fmt.Errorf("%s module: internal error: %v", req.module, p),
				Values: map[string]any{"exception": string(debug.Stack())},
			})
		}
	}()
	if inputErr != nil {
		return req.answer(Result{Err: inputErr})
	}
	if err := req.read(spec, input); err != nil {
		return req.answer(Result{Err: err})
	}
	if spec.Root && os.Geteuid() != 0 {
		return req.answer(Result{Err: fmt.Errorf("%s has to be root on the host: say become: true in the task or the play, or -b in an ad-hoc call", req.module)})
	}
	return req.answer(run(req.call))
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
