package module

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
)

// CheckProgram returns an error if rundockd or dnsd, which is at path, cannot be
// executed.
func CheckProgram(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s is not installed: %w", filepath.Base(path), unprepared(err))
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not installed: %s is no executable file", filepath.Base(path), path)
	}
	return nil
}

// Output is what a program printed that has ended by itself.
type Output struct {
	Stdout []byte
	Stderr string // without space around it
	Code   int    // its exit code

	command string // such as rundockd overlay try
}

// Rundockd has rundockd do what takes more than a module links, and waits for its
// end. The error says that it could not be started, or was killed.
func Rundockd(stdin []byte, args ...string) (Output, error) {
	return Start(hostconfig.Program, stdin, args...)
}

// Start is Rundockd for any program of ours. The arguments begin with its verb.
func Start(program string, stdin []byte, args ...string) (Output, error) {
	if err := CheckProgram(program); err != nil {
		return Output{}, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	o := Output{Stdout: stdout.Bytes(), Stderr: strings.TrimSpace(stderr.String()), Code: cmd.ProcessState.ExitCode()}
	o.command = strings.Join(append([]string{filepath.Base(program)}, args...), " ")
	var exit *exec.ExitError
	switch {
	case err == nil, errors.As(err, &exit) && exit.Exited():
		return o, nil
	case cmd.Process == nil:
		err = fmt.Errorf("%s cannot be started: %w", filepath.Base(program), err)
	default:
		err = fmt.Errorf("%s: %w", o.command, err)
	}
	return o, err
}

// Err is what the program says went wrong, nil where it ended well. Errors are from
// it alone: what it begins them with, its name and verbs, is left out.
func (o Output) Err() error {
	if o.Code == 0 {
		return nil
	}
	if o.Stderr == "" {
		return fmt.Errorf("%s: exit status %d", o.command, o.Code)
	}
	text := o.Stderr
	if words, rest, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(o.command+" ", words+" ") {
		text = rest
	}
	return errors.New(text)
}

// Answer reads what the program printed into one JSON value. version is where that
// says its version.
func (o Output) Answer(into any, version *int) error {
	err := json.Unmarshal(o.Stdout, into)
	if err == nil && *version != control.Version {
		err = fmt.Errorf("it is of version %d, not %d", *version, control.Version)
	}
	if err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w: install the same release on host and controller (playbooks/site.yml)", o.command, err)
	}
	return nil
}

// Ask has rundockd answer a request, both in JSON. version is where the answer says its
// version.
func Ask(request, into any, version *int, args ...string) error {
	in, err := json.Marshal(request)
	if err != nil {
		return err
	}
	o, err := Rundockd(in, args...)
	if err != nil {
		return err
	}
	if err := o.Err(); err != nil {
		return fmt.Errorf("%w: install the same release on host and controller (playbooks/site.yml)", err)
	}
	return o.Answer(into, version)
}
