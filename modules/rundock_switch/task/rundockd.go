package task

import (
	"errors"
	"strings"

	"rundock/internal/control"
	"rundock/internal/module"
)

// ask has rundockd switch, and returns what it says of the outcome, and what it
// said meanwhile.
func ask(args []string) (o control.SwitchOutcome, progress []string, err error) {
	ran, err := module.Rundockd(nil, append([]string{"switch"}, args...)...)
	if err != nil {
		return o, nil, err
	}
	progress = []string{}
	for line := range strings.Lines(ran.Stderr) {
		progress = append(progress, strings.TrimSpace(line))
	}
	if err := ran.Err(); err != nil && len(ran.Stdout) == 0 {
		return o, nil, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	err = ran.Answer(&o, &o.Version)
	return o, progress, err
}
