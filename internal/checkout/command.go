package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Command returns what a program prints, run in the folder dir with env beside this
// process's environment. Its error has what the program said.
func Command(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("%s %s in %s: %w: %s", name, args[0], dir, err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("%s %s in %s: %w", name, args[0], dir, err)
	}
	return string(out), nil
}
