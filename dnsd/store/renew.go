package store

import (
	"fmt"
	"io"
	"os"
	"time"
)

// renew stops a store that runs another program than this one, as after an upgrade of
// dnsd, which leaves the store running; dnsd starts it again with its own. It says so in a
// line, and nothing where there was nothing to do.
func renew(dir string, timeout time.Duration, check bool, out io.Writer) error {
	pid, err := Running(dir)
	if err != nil || pid == 0 {
		return err
	}
	same, err := runsThis(pid)
	if err != nil || same {
		return err
	}
	if check {
		fmt.Fprintf(out, "would have etcd started anew: process %d runs another dnsd\n", pid)
		return nil
	}
	if err := Stop(dir, timeout); err != nil {
		return err
	}
	fmt.Fprintf(out, "etcd is started anew: process %d ran another dnsd\n", pid)
	return nil
}

// runsThis says whether process pid runs the program of this one.
func runsThis(pid int) (bool, error) {
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid)) // of a file that was replaced as well
	if err != nil {
		return false, err
	}
	ours, err := os.Stat("/proc/self/exe")
	if err != nil {
		return false, err
	}
	return os.SameFile(theirs, ours), nil
}
