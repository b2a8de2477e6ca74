package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
)

// try has rundockd say what the definition makes of the file, and whether it
// would be replaced. A template that is wrong is an error. What keeps the
// file as it is at this moment is one as well, but in check mode, as an earlier
// task of the play may change that.
func (t *task) try(definition []byte) (replace bool, err error) {
	if err := t.unknownService(); err != nil {
		if err := t.unlessChecking(err); err != nil {
			return false, err
		}
	}
	trial, err := t.trial(definition)
	if err != nil {
		return false, err
	}
	if trial.Wrong != "" {
		return false, errors.New(trial.Wrong)
	}
	if trial.Refused != "" {
		if err := t.unlessChecking(errors.New(trial.Refused)); err != nil {
			return false, err
		}
	}
	if trial.Unasked != "" {
		t.warn("floor: the template asks for no service %s", trial.Unasked)
	}
	if trial.Replace {
		t.diff = append(t.diff, t.fileDiff(trial)...)
	}
	return trial.Replace, nil
}

// unlessChecking returns err, or in check mode warns of it.
func (t *task) unlessChecking(err error) error {
	if !t.check {
		return fmt.Errorf("template %s: %w\nnothing was written", t.p.Name, err)
	}
	t.warn("as the host is now, the call would be refused: %v", err)
	return nil
}

// fileDiff is how the rendered file changes.
func (t *task) fileDiff(trial control.TemplateTrial) []fstree.Diff {
	mode, _ := t.definition.FileMode()
	secret := mode&0o077 == 0
	change := fstree.Change{Path: strings.TrimPrefix(t.p.Dest, "/"), After: &fstree.File{Mode: mode, Data: trial.After, Secret: secret}}
	if trial.Before != nil {
		change.Before = &fstree.File{Mode: trial.Mode, Data: *trial.Before, Secret: secret || trial.Mode&0o077 == 0}
	}
	return fstree.Changes{Dir: "/", List: []fstree.Change{change}}.Diff()
}

// checkPatience is how long check mode waits for the store, in seconds.
const checkPatience = 10

// trial asks `rundockd render --try`.
func (t *task) trial(definition []byte) (trial control.TemplateTrial, err error) {
	if err := module.CheckProgram(hostconfig.Program); err != nil {
		return trial, err
	}
	patience := t.p.WaitTimeout
	if t.check {
		patience = min(patience, checkPatience)
	}
	args := []string{"render", "--try", fmt.Sprintf("--patience=%ds", patience)}
	if t.p.WaitFor == "none" {
		args = append(args, "--offline")
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(hostconfig.Program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(definition), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return trial, fmt.Errorf("%s %s: %w: %s", hostconfig.Program, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &trial); err != nil || trial.Version != control.Version {
		return trial, fmt.Errorf("%s render --try: its answer is not of version %d: install the same release on host and controller", hostconfig.Program, control.Version)
	}
	return trial, nil
}
