package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rundock/internal/pause"

	"golang.org/x/sys/unix"
)

const (
	minPause = 250 * time.Millisecond // before a store that died is started again
	maxPause = 5 * time.Second        // after it died again and again
	noPlace  = 500 * time.Millisecond // while the cluster has no place for a member without data
	stable   = time.Minute            // of running, after which a death is a first one
	stopTime = 20 * time.Second       // for a store that runs with other settings
)

// Keep sees to it that a store runs until ctx is done, and then leaves it
// running. It takes over one that runs already, replaces one that runs with
// other settings, and starts one that died again. program is the dnsd to run.
func Keep(ctx context.Context, c Config, program string, log *slog.Logger) {
	wait, last := minPause, ""
	var restored atomic.Bool // another host's, in place of this one's
	if len(c.Peers) > 0 {
		go c.watchForRestored(ctx, &restored, log)
	}
	for ctx.Err() == nil {
		began := time.Now()
		err := c.once(ctx, program, log)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > stable {
			wait, last = minPause, ""
		}
		if now := toldBy(err); now != last && now != "" {
			last = now
			log.Error("store is down, starting it again", "err", err)
		}
		if len(c.Peers) > 0 && !hasData(c.Dir) {
			wait = noPlace // whoever gives it one waits for it
		}
		c.giveUp(ctx, restored.Swap(false), log)
		pause.For(ctx, wait)
		wait = min(2*wait, maxPause)
	}
}

// giveUp puts the data of a store that ended aside where they are of no use any more.
func (c Config) giveUp(ctx context.Context, restored bool, log *slog.Logger) {
	name, why := superseded, "another host's store was restored from a backup: the data of this one are put aside, and it waits for a place beside that"
	if !restored {
		gone, err := c.isRemoved(ctx)
		if err != nil {
			log.Error("data of a member that was removed", "err", err)
		}
		if !gone {
			return
		}
		name, why = removed, "this member was removed from the cluster: its data are put aside, and it waits for another place"
	}
	aside, err := c.putAside(name)
	if err != nil {
		log.Error("data that are of no use any more", "err", err)
		return
	}
	log.Warn(why, "aside", aside)
}

// toldBy is what an error is told by: by the same once. A member that waits for its
// place hears of one endpoint after the other that it is not there.
func toldBy(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errNoPlace) || errors.Is(err, errNoCluster):
		return errors.Unwrap(err).Error()
	}
	return err.Error()
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
	made, err := c.origin(ctx)
	if err != nil {
		return err
	}
	return c.start(ctx, program, made, log)
}

// start runs a store of our own until it ends or ctx is done. made is what it is
// made of where it has no data.
func (c Config) start(ctx context.Context, program string, made []string, log *slog.Logger) error {
	cmd := exec.Command(program, append(c.args(), made...)...)
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
