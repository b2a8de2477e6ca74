package handover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bridgeLimit is how long a bridge may take to serve, and a successor
// whose store is to be listed first.
const bridgeLimit = 5 * time.Minute

// startBridge starts program with args as the bridge, which is handed to, and
// waits until it serves. It adds to to what the successor needs of the bridge, also
// if it fails: its descriptors are to be closed then.
func startBridge(ctx context.Context, program string, args []string, to *Handed) error {
	pid, ready, err := forkBridge(program, args, to)
	if err != nil {
		return err
	}
	defer ready.Close()
	// Ending this wait early makes Read return: nothing was written.
	stop := context.AfterFunc(ctx, func() { unix.Kill(pid, unix.SIGKILL) })
	late := time.AfterFunc(bridgeLimit, func() { unix.Kill(pid, unix.SIGKILL) })
	said := make([]byte, 1)
	_, err = ready.Read(said)
	late.Stop()
	if err == nil && stop() {
		if said[0] != readyToTake {
			unix.Close(to.Passing)
			to.Passing = 0
		}
		return nil
	}
	unix.Kill(pid, unix.SIGKILL)
	syscall.Wait4(pid, nil, 0, nil)
	return errors.New("the new dnsd did not come up, see its message before this one")
}

// forkBridge starts the bridge. serves can be read once the bridge serves, and
// is at its end if the bridge is gone.
func forkBridge(program string, args []string, to *Handed) (pid int, serves *os.File, err error) {
	var ready, end [2]int
	if err := unix.Pipe2(ready[:], unix.O_CLOEXEC); err != nil {
		return 0, nil, fmt.Errorf("start the new dnsd: %w", err)
	}
	if err := unix.Pipe2(end[:], unix.O_CLOEXEC); err != nil {
		unix.Close(ready[0])
		unix.Close(ready[1])
		return 0, nil, fmt.Errorf("start the new dnsd: %w", err)
	}
	passing, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		for _, fd := range append(ready[:], end[:]...) {
			unix.Close(fd)
		}
		return 0, nil, fmt.Errorf("start the new dnsd: %w", err)
	}
	bridge := *to
	bridge.Bridge, bridge.Ready, bridge.End, bridge.Passing = true, ready[1], end[0], passing[1]
	files := []uintptr{0, 1, 2}
	for _, fd := range bridge.descriptors() {
		files = append(files, uintptr(fd))
	}
	bridge = bridge.renumbered(func(i int) int { return 3 + i })
	pid, err = syscall.ForkExec(program, append([]string{"dnsd"}, args...), &syscall.ProcAttr{Env: bridge.environment(), Files: files})
	unix.Close(ready[1])
	unix.Close(end[0])
	unix.Close(passing[1])
	to.End, to.Passing, to.Pid = end[1], passing[0], pid
	if err != nil {
		unix.Close(ready[0])
		return 0, nil, fmt.Errorf("start %s: %w", program, err)
	}
	return pid, os.NewFile(uintptr(ready[0]), "ready"), nil
}
