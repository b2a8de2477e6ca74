package task

import (
	"strings"

	"rundock/internal/module"
)

// attachedError is rundockd's refusal to leave a network that has containers.
type attachedError struct{ text string }

func (e *attachedError) Error() string { return e.text + " (force=true takes them off it)" }

// refused is rundockd's exit code for that.
const refused = 3

// rundockd has `rundockd overlay` do what takes Docker, the store, or the
// right to change the kernel. Each line that it prints is a warning, and what
// it writes to stderr why it failed.
func (t *task) rundockd(stdin []byte, args ...string) error {
	o, err := module.Rundockd(stdin, append([]string{"overlay"}, args...)...)
	for line := range strings.Lines(string(o.Stdout)) {
		t.Warn("%s", strings.TrimSpace(line))
	}
	if err == nil {
		err = o.Err()
	}
	if o.Code == refused {
		return &attachedError{err.Error()}
	}
	return err
}
