package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
)

// ask has rundockd switch, and returns what it says of the outcome, and what it
// said meanwhile.
func ask(args []string) (o control.SwitchOutcome, progress []string, err error) {
	if err := module.CheckProgram(hostconfig.Program); err != nil {
		return o, nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(hostconfig.Program, append([]string{"switch"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	progress = []string{}
	for line := range strings.Lines(stderr.String()) {
		progress = append(progress, strings.TrimSpace(line))
	}
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		return o, nil, fmt.Errorf("%s switch: %w", hostconfig.Program, err)
	case stdout.Len() == 0:
		return o, nil, errors.New(strings.TrimPrefix(strings.Join(progress, "; "), "rundockd switch: "))
	}
	if err := json.Unmarshal(stdout.Bytes(), &o); err != nil {
		return o, nil, fmt.Errorf("%s switch: its answer cannot be read: %w", hostconfig.Program, err)
	}
	if o.Version != control.Version {
		return o, nil, fmt.Errorf("%s switch: its answer has version %d, this module reads %d: run playbooks/site.yml", hostconfig.Program, o.Version, control.Version)
	}
	return o, progress, nil
}
