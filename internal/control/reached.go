package control

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Want is what a service is to become, for whoever waits for it.
type Want struct {
	For   string    `json:"for,omitempty"`  // running, healthy, announced
	Hash  string    `json:"hash,omitempty"` // of the spec that the container must have; "": the service has no container
	Not   string    `json:"not,omitempty"`  // id of the container that must have been replaced
	Job   bool      `json:"job,omitempty"`  // its container runs to its end, which is waited for, whatever For says
	Since time.Time `json:"since,omitzero"` // what a status says of earlier times is of an earlier attempt
}

// Steady is how long a container must have been up to count as running.
const Steady = 2 * time.Second

// Reached compares the status files of a service with want. pending says what
// is missing, and is "" when nothing is; fatal is why waiting is hopeless.
//
// Two things are not in the status files. Whether the HEALTHCHECK passes:
// for a container, healthy is reached here as soon as the runner says that the
// wanted one runs. Whether the processes that wrote the files still live and
// the store has the records: the caller finds out.
//
// On a host that is drained all is reached, and so it is of a standby: what was installed
// starts once it may.
func Reached(runner RunnerStatus, announce AnnounceStatus, want Want, now time.Time) (pending string, fatal error) {
	if announce.Drained || runner.Phase.Idles() && runner.Wanted == want.Hash {
		return "", nil
	}
	if want.Hash == "" {
		if want.For == "running" && announce.PID != 0 {
			return "", nil
		}
		return announced(announce), nil
	}
	if want.Job {
		return ended(runner, want)
	}
	if pending, fatal := runs(runner, want); pending != "" || fatal != nil {
		return pending, fatal
	}
	up := now.Sub(runner.Started)
	switch {
	case want.For == "running" && up < Steady:
		return fmt.Sprintf("container is up for %s, wanted are %s", up.Round(time.Millisecond), Steady), nil
	case want.For != "announced":
		return "", nil
	}
	pending = announced(announce)
	if pending == "" && announce.Container != runner.Container {
		pending = "the sidecar has not seen the new container yet"
	}
	return pending, nil
}

// runs is Reached for the wanted container alone, however long it is up.
func runs(r RunnerStatus, want Want) (pending string, fatal error) {
	failed := r.Failed.After(want.Since)
	kept := want.Not != "" && r.Container == want.Not
	switch {
	case r.PID == 0:
		return "no runner has written its status yet", nil
	case r.Wanted != want.Hash || kept && r.Since.Before(want.Since):
		return "the runner has not started yet", nil
	case failed && r.Phase == Backoff && (r.Crashes >= Looped || r.ExitCode == 0 && r.Error != ""):
		return "", errors.New(r.Error)
	case failed && r.Phase == Running && r.Error != "": // old, or cut off from what it shares with another
		return "", fmt.Errorf("%s; the previous container goes on running", r.Error)
	case r.Phase != Running:
		return strings.TrimSuffix(fmt.Sprintf("%s: %s", r.Phase, r.Error), ": "), nil
	case r.Spec != want.Hash || kept:
		return "the old container still runs", nil
	case r.Error != "":
		return "what failed is to be tried again: " + r.Error, nil
	}
	return "", nil
}

// ended is Reached for a job: its container has ended well.
func ended(r RunnerStatus, want Want) (pending string, fatal error) {
	switch {
	case r.PID == 0:
		return "no runner has written its status yet", nil
	case r.Wanted != want.Hash:
		return "the runner has not started yet", nil
	case r.Phase != Ended || r.Spec != want.Hash || want.Not != "" && r.Container == want.Not:
		return strings.TrimSuffix(fmt.Sprintf("the job has not ended: %s: %s", r.Phase, r.Error), ": "), nil
	case r.ExitCode != 0:
		return "", fmt.Errorf("the job ended with exit code %d", r.ExitCode)
	}
	return "", nil
}

// announced says what keeps a service from being announced, whatever its
// container.
func announced(a AnnounceStatus) string {
	switch {
	case a.PID == 0:
		return "the sidecar has not said anything yet"
	case a.State != Announced:
		return fmt.Sprintf("sidecar: %s: %s", a.State, a.Reason)
	}
	return ""
}
