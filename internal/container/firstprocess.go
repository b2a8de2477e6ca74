package container

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// firstProcess tells of the end of a container's first process, which the kernel
// knows of before the daemon does, and also while that hangs. It belongs to one
// goroutine.
type firstProcess struct {
	id      string    // of the container
	started time.Time // of its run
	process *os.File  // pidfd; nil: none is watched
	err     error     // why not, where it runs
}

// watch has p watch over the run of s, and no other one. ended, where it is not
// nil, waits for the end of the first process, and says false if p was closed or
// given another run before. It is nil where the run is watched already, or
// cannot be.
func (p *firstProcess) watch(s State) (ended func() bool) {
	if s.Running && s.ID == p.id && s.StartedAt.Equal(p.started) {
		return nil
	}
	p.close()
	if !s.Running {
		return nil
	}
	p.id, p.started = s.ID, s.StartedAt
	process, err := openFirst(s.PID, s.ID)
	if p.process, p.err = process, err; err != nil {
		return nil
	}
	return func() bool { return awaitEnd(process) }
}

// close ends the watch.
func (p *firstProcess) close() {
	if p.process != nil {
		p.process.Close()
	}
	*p = firstProcess{}
}

// OpenFirst returns a pidfd of the first process of the running container s.
func OpenFirst(s State) (*os.File, error) { return openFirst(s.PID, s.ID) }

// KillFirst kills the process of a pidfd, and with it all of its container that has a
// PID namespace of its own. An error says that it has ended.
func KillFirst(process *os.File) error {
	conn, err := process.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = unix.PidfdSendSignal(int(fd), unix.SIGKILL, nil, 0) })
	return errors.Join(err, failed)
}

// openFirst returns a pidfd of the process that is the first of a container. An
// error says that this host does not have it by that number: the daemon may be
// in another PID namespace, or on another host.
func openFirst(pid int, id string) (*os.File, error) {
	if pid <= 0 {
		return nil, errors.New("the daemon names no process")
	}
	// PIDFD_NONBLOCK, so that the runtime's poller waits for it.
	fd, err := unix.PidfdOpen(pid, unix.O_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("process %d: pidfd_open: %w", pid, err)
	}
	process := os.NewFile(uintptr(fd), fmt.Sprintf("process %d", pid))
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err == nil && !strings.Contains(string(groups), id) {
		err = fmt.Errorf("process %d is not in a cgroup of the container", pid)
	}
	// What was read is of the process that was opened: no other one has had its
	// number as long as it lives.
	if err == nil && unix.PidfdSendSignal(fd, 0, nil, 0) != nil {
		err = fmt.Errorf("process %d is gone", pid)
	}
	if err != nil {
		process.Close()
		return nil, err
	}
	return process, nil
}

// awaitEnd waits for the end of a process, and reports false if its pidfd was
// closed before.
func awaitEnd(process *os.File) bool {
	conn, err := process.SyscallConn()
	if err != nil {
		return false
	}
	ended := false
	conn.Read(func(fd uintptr) bool {
		n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		ended = n > 0
		return ended
	})
	return ended
}
