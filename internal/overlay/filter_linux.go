package overlay

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// readFilter asks iptables, which is dockerd's own tool, so that there are no
// two opinions on which back end is in use.
func readFilter(n Network) (Filter, error) {
	if _, err := exec.LookPath("iptables"); err != nil {
		return Filter{Open: true}, nil
	}
	forward, err := iptables("-S", "FORWARD")
	if err != nil {
		return Filter{}, err
	}
	user, err := iptables("-S", userChain)
	if isExit(err, 1) {
		user, err = "", nil // there is no such chain
	}
	if err != nil {
		return Filter{}, err
	}
	return filterOf(FilterRules(n), forward, user), nil
}

// addToFilter adds a rule, or the chain if nobody else has just done so.
func addToFilter(rule string) error {
	_, err := iptables(adding(rule)...)
	if strings.HasPrefix(rule, "-N ") && isExit(err, 1) {
		if _, there := iptables("-S", userChain); there == nil {
			return nil
		}
	}
	return err
}

// deleteAll deletes a rule as often as it is there.
func deleteAll(rule string) error {
	for {
		if _, err := iptables(deleting(rule)...); isExit(err, 1) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// iptables waits for a lock that others have.
func iptables(args ...string) (string, error) {
	out, err := exec.Command("iptables", append([]string{"-w", "5"}, args...)...).Output()
	if err != nil {
		return "", fmt.Errorf("iptables %s: %w%s", strings.Join(args, " "), err, stderr(err))
	}
	return string(out), nil
}

func isExit(err error, code int) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == code
}

func stderr(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return ": " + strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}
