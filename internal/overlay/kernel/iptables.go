package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"rundock/internal/overlay"
)

// FilterError is why iptables could not be asked, such as that another program keeps
// its lock. All else of the state is known.
type FilterError struct{ Err error }

func (e *FilterError) Error() string { return e.Err.Error() }
func (e *FilterError) Unwrap() error { return e.Err }

func isFilterError(err error) bool {
	var f *FilterError
	return errors.As(err, &f)
}

// readFilter begins to ask iptables, and answer waits for its end: the caller does
// something else meanwhile. iptables is dockerd's own tool, so that both use the same
// back end.
func readFilter(n overlay.Network) (answer func() (overlay.Filter, error)) {
	if _, err := exec.LookPath("iptables"); err != nil {
		return func() (overlay.Filter, error) { return overlay.Filter{Open: true}, nil }
	}
	forward, user, raw := startIptables("-S", "FORWARD"), startIptables("-S", overlay.UserChain), startIptables("-t", "raw", "-S", "PREROUTING")
	return func() (overlay.Filter, error) {
		forward, err := forward()
		user, userErr := user()
		if isExit(userErr, 1) {
			user, userErr = "", nil // there is no such chain
		}
		raw, rawErr := raw()
		if isExit(rawErr, 3) {
			raw, rawErr = "", nil // nor such a table
		}
		if err := errors.Join(err, userErr, rawErr); err != nil {
			return overlay.Filter{}, err
		}
		return overlay.ParseFilter(n, forward, user, raw), nil
	}
}

// addToFilter adds a rule, or the chain if nobody else has just done so.
func addToFilter(rule string) error {
	_, err := iptables(overlay.AddArguments(rule)...)
	if strings.HasPrefix(rule, "-N ") && isExit(err, 1) {
		if _, there := iptables("-S", overlay.UserChain); there == nil {
			return nil
		}
	}
	return err
}

// deleteAll deletes a rule as often as it is there.
func deleteAll(rule string) error {
	for {
		if _, err := iptables(overlay.DeleteArguments(rule)...); isExit(err, 1) || isExit(err, 3) { // no such rule, or table
			return nil
		} else if err != nil {
			return err
		}
	}
}

func iptables(args ...string) (string, error) { return startIptables(args...)() }

// startIptables waits for a lock that others have. It begins in the network
// namespace of the calling thread, and what is returned waits for its end.
func startIptables(args ...string) (answer func() (string, error)) {
	var out, complaint bytes.Buffer
	cmd := exec.Command("iptables", append([]string{"-w", "5"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Start()
	return func() (string, error) {
		if err == nil {
			err = cmd.Wait()
		}
		if err != nil {
			return "", fmt.Errorf("iptables %s: %w%s", strings.Join(args, " "), err, stderrText(complaint))
		}
		return out.String(), nil
	}
}

func isExit(err error, code int) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == code
}

func stderrText(complaint bytes.Buffer) string {
	if complaint.Len() == 0 {
		return ""
	}
	return ": " + strings.TrimSpace(complaint.String())
}
