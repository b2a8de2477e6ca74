package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/flock"
	"rundock/internal/pause"
)

// Patience is how long a predecessor may take to hand over before it is
// killed: it holds nothing that a successor cannot adopt.
const Patience = 10 * time.Second

// TakeOver makes this process the only one that holds the lock file, which is
// made with its folder: runner.lock or announcer.lock of a service. A
// predecessor that still lives, because its supervisor was killed, is asked to
// hand over, and killed if it does not. The lock goes with the process.
//
// The file names the process by its id, which may be of an earlier holder:
// only a rundockd of the same command is asked or killed.
func TakeOver(ctx context.Context, lock, command string, log *slog.Logger) (unlock func(), err error) {
	f, err := flock.Open(lock)
	if err != nil {
		return nil, fmt.Errorf("take over: %w", err)
	}
	start := time.Now()
	for asked := false; ; {
		taken, err := flock.TryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("take over: %w", err)
		}
		if taken {
			break
		}
		pid := readPID(f)
		ours := pid > 0 && IsRundockd(pid, command)
		if time.Since(start) > 3*Patience {
			f.Close()
			return nil, fmt.Errorf("take over: %s stays locked, as far as it says by process %d", lock, pid)
		}
		if ours && !asked {
			asked = true
			log.Info("asking the predecessor that is still there to hand over", "pid", pid)
			unix.Kill(pid, unix.SIGHUP)
		}
		if ours && time.Since(start) > Patience {
			log.Warn("killing the predecessor that does not hand over", "pid", pid)
			unix.Kill(pid, unix.SIGKILL)
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			f.Close()
			return nil, fmt.Errorf("take over: interrupted: %w", err)
		}
	}
	// A full /run is no reason not to run: a successor then has no id to ask.
	if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		log.Warn("the lock does not say who holds it", "err", err)
	}
	return func() { f.Close() }, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

func readPID(f *os.File) int {
	var b [16]byte
	n, _ := f.ReadAt(b[:], 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}
