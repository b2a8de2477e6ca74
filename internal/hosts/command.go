package hosts

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// run runs a command. Its error has what the command said.
func run(name string, args ...string) error {
	return runWith(nil, name, args...)
}

func runWith(environment []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said := strings.TrimSpace(string(out))
	if len(said) > 2000 {
		said = "... " + said[len(said)-2000:]
	}
	return fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, said)
}
