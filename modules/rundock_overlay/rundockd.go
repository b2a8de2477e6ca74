package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/internal/module"
)

// attachedError is rundockd's refusal to leave a network that has containers.
type attachedError struct{ text string }

func (e *attachedError) Error() string { return e.text + " (force=true takes them off it)" }

// refused is rundockd's exit code for that.
const refused = 3

// rundockd has `rundockd overlay` do what takes Docker, the registry, or the
// right to change the kernel. Each line that it prints is a warning, and what
// it writes to stderr why it failed.
func (t *task) rundockd(stdin []byte, args ...string) error {
	if err := module.CheckProgram(hostconfig.Program); err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(hostconfig.Program, append([]string{"overlay"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	for line := range strings.Lines(stdout.String()) {
		t.warn("%s", strings.TrimSpace(line))
	}
	text := strings.TrimPrefix(strings.TrimSpace(stderr.String()), "rundockd overlay "+args[0]+": ")
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.ExitCode() == refused:
		return &attachedError{text}
	case text == "":
		return fmt.Errorf("%s overlay %s: %w", hostconfig.Program, strings.Join(args, " "), err)
	}
	return errors.New(text)
}
