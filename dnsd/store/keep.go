package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"rundock/internal/pause"

	"golang.org/x/sys/unix"
)

const (
	minPause = 250 * time.Millisecond // before a store that died is started again
	maxPause = 5 * time.Second        // after it died again and again
	settled  = time.Minute            // of running, after which a death is a first one
	stopTime = 20 * time.Second       // for a store that runs with other settings
)

// Keep sees to it that a store runs until ctx is done, and then leaves it
// running. It takes over one that runs already, replaces one that runs with
// other settings, and starts one that died again. program is the dnsd to run.
func Keep(ctx context.Context, c Config, program string, log *slog.Logger) {
	wait, last := minPause, ""
	for ctx.Err() == nil {
		began := time.Now()
		err := c.once(ctx, program, log)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > settled {
			wait, last = minPause, ""
		}
		if err != nil && err.Error() != last {
			last = err.Error()
			log.Error("store is down, starting it again", "err", err)
		}
		pause.For(ctx, wait)
		wait = min(2*wait, maxPause)
	}
}

// once follows one store's life and returns what ended it.
func (c Config) once(ctx context.Context, program string, log *slog.Logger) error {
	pid, err := Running(c.Dir)
	if err != nil {
		return err
	}
	if pid != 0 && !runsWith(pid, c.args()) {
		log.Info("store runs with other settings, replacing it", "dir", c.Dir, "pid", pid)
		if err := Stop(c.Dir, stopTime); err != nil {
			return err
		}
		pid = 0
	}
	if pid != 0 {
		log.Info("store is running already", "dir", c.Dir, "pid", pid)
		return c.attend(ctx, pid)
	}
	return c.start(ctx, program, log)
}

// start runs a store of our own until it ends or ctx is done.
func (c Config) start(ctx context.Context, program string, log *slog.Logger) error {
	cmd := exec.Command(program, c.args()...)
	cmd.Args[0] = "dnsd"
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var said tail
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("store %s: start: %w", c.Dir, err)
	}
	log.Info("store started", "dir", c.Dir, "pid", cmd.Process.Pid, "listen", strings.Join(c.Listen, ","))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		if reason := said.String(); reason != "" {
			return errors.New(reason)
		}
		return fmt.Errorf("store %s: process %d ended: %v", c.Dir, cmd.Process.Pid, err)
	}
}

// attend waits for the end of a store that is not our child.
func (c Config) attend(ctx context.Context, pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("store %s: process %d: %w", c.Dir, pid, err)
	}
	defer unix.Close(fd)
	for ctx.Err() == nil {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 200)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("store %s: wait for process %d: %w", c.Dir, pid, err)
		}
		if n > 0 {
			return fmt.Errorf("store %s: process %d ended", c.Dir, pid)
		}
	}
	return nil
}

// tail keeps the last line a store said: what it died of.
type tail struct {
	mu   sync.Mutex
	last string
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range strings.Lines(string(b)) {
		// A panic's trace is longer than its reason, and comes after it.
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(t.last, "panic:") && !strings.HasPrefix(t.last, "fatal error:") {
			t.last = line
		}
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimPrefix(t.last, "dnsd: ")
}
