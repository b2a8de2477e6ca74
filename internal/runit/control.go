package runit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/pause"
)

// ErrNotSupervised says that no runsv supervises a folder.
var ErrNotSupervised = errors.New("no runsv supervises it")

// Supervised reports whether a runsv supervises dir.
func Supervised(dir string) (bool, error) {
	f, err := openFIFO(filepath.Join(dir, "supervise/ok"))
	if errors.Is(err, ErrNotSupervised) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// Control writes commands to the runsv that supervises dir, one letter each,
// as runsv(8) names them: u(p), d(own), o(nce), t(erm), h(up), 1, k(ill),
// (e)x(it) and others. Errors name dir; one wraps ErrNotSupervised.
func Control(dir, commands string) error {
	f, err := openFIFO(filepath.Join(dir, "supervise/control"))
	if err == nil {
		defer f.Close()
		err = write(f, commands)
	}
	if errors.Is(err, ErrNotSupervised) {
		return fmt.Errorf("control %s: %w", dir, err)
	}
	return err
}

// write writes to a FIFO whose reader may have left since it was opened.
func write(f *os.File, commands string) error {
	_, err := f.WriteString(commands)
	if errors.Is(err, syscall.EPIPE) {
		return ErrNotSupervised
	}
	return err
}

// openFIFO opens a FIFO for writing. Without a reader the open fails with
// ENXIO; without supervise/ there is none either.
func openFIFO(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotSupervised
	}
	return f, err
}

// LogPatience is how long a logger may take for what is left to write once its
// service has ended. On a full disk svlogd tries for ever.
const LogPatience = 5 * time.Second

// Exit tells the runsv of dir to stop its service and to leave, and waits
// until it has left or ctx is done. When nobody supervises dir, it is done. A
// logger that does not end in LogPatience after its service is killed, and
// lost, unless it is nil, is called with its folder.
func Exit(ctx context.Context, dir string, lost func(log string)) error {
	if err := Control(dir, "x"); errors.Is(err, ErrNotSupervised) {
		return nil
	} else if err != nil {
		return err
	}
	return Left(ctx, dir, lost)
}

// Left is Exit of a runsv that others have told so.
func Left(ctx context.Context, dir string, lost func(log string)) error {
	var ended time.Time // the service, as it was seen first
	log := filepath.Join(dir, "log")
	return until(ctx, fmt.Sprintf("runsv of %s has not left", dir), func() (bool, error) {
		up, err := Supervised(dir)
		if !up || err != nil {
			return !up, err
		}
		switch s, err := ReadStatus(dir); {
		case err != nil || s.PID != 0:
			ended = time.Time{}
		case ended.IsZero():
			ended = time.Now()
		case time.Since(ended) > LogPatience && Control(log, "k") == nil:
			if lost != nil {
				lost(log)
			}
			ended = time.Now()
		}
		return false, nil
	})
}

// Stop tells the process of dir to end by TERM and not to be started again,
// and waits until it has ended or ctx is done. Its runsv stays. When nobody
// supervises dir, it is done.
func Stop(ctx context.Context, dir string) error {
	if err := Control(dir, "d"); errors.Is(err, ErrNotSupervised) {
		return nil
	} else if err != nil {
		return err
	}
	return ended(ctx, dir)
}

// Leave has the process of dir end by HUP, which hands its work over to a
// successor, keeps runsv from starting it again, and waits until it has ended
// or ctx is done. When nobody supervises dir, it is done.
func Leave(ctx context.Context, dir string) error {
	// Once starts what is not running, so it is not said to what is down.
	if s, err := ReadStatus(dir); err == nil && s.WantDown && s.State == Down {
		return nil
	}
	if err := Control(dir, "oh"); errors.Is(err, ErrNotSupervised) {
		return nil
	} else if err != nil {
		return err
	}
	return ended(ctx, dir)
}

// ended waits until the process of dir is down, and to stay so.
func ended(ctx context.Context, dir string) error {
	return until(ctx, fmt.Sprintf("%s has not ended", dir), func() (bool, error) {
		s, err := ReadStatus(dir)
		return err == nil && s.WantDown && s.State == Down, err
	})
}

// Clear removes what a runsv that has left keeps in dir and in its log
// folder, so that another layout of the service finds nothing of it.
func Clear(dir string) error {
	for _, d := range []string{filepath.Join(dir, "log"), dir} {
		if up, err := Supervised(d); err != nil {
			return err
		} else if up {
			return fmt.Errorf("clear %s: a runsv supervises it", d)
		}
		if err := os.RemoveAll(filepath.Join(d, "supervise")); err != nil {
			return err
		}
		os.Remove(d) // stays where somebody keeps something in it
	}
	return nil
}

// until polls done until it is true, fails, or ctx is done: then the error
// begins with late.
func until(ctx context.Context, late string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		if err := pause.For(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("%s: %w", late, err)
		}
	}
}
