package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// PipeBuf is PIPE_BUF of Linux: a write of at most so many bytes to a pipe is
// taken whole or not at all, and does not block a pipe that polls writable
// (pipe(7)).
const PipeBuf = 4096

// Pipe is the way to svlogd. On a full disk svlogd stops reading, and a plain
// write would hold up the service until there is space again; these writes
// can be given up.
type Pipe struct {
	FD int
}

// WriteContext writes data, waiting while the pipe is full. When ctx is done before
// any byte of data was taken it returns ctx's cause.
func (p Pipe) WriteContext(ctx context.Context, data []byte) error {
	for first := true; len(data) > 0; first = false {
		for !p.writable(200 * time.Millisecond) {
			if first && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if ctx.Err() != nil {
				return fmt.Errorf("cut off in the middle of a line: %w", context.Cause(ctx))
			}
		}
		n, err := unix.Write(p.FD, data[:min(len(data), PipeBuf)])
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil {
			return os.NewSyscallError("write", err)
		}
		data = data[n:]
	}
	return nil
}

// writable reports whether the pipe takes PipeBuf bytes within d. Anything
// but a full pipe is writable: the write says what is wrong with it.
func (p Pipe) writable(d time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(p.FD), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, int(d.Milliseconds()))
	return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
}

// Write is for the program's own log: a line that finds the pipe full for a
// second is dropped, as the service matters more.
func (p Pipe) Write(line []byte) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := p.WriteContext(ctx, line); err != nil {
		return 0, err
	}
	return len(line), nil
}
