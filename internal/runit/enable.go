package runit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/fstree"
)

// Enabled reports whether runsvdir is told to supervise name. Something else
// under that name, which is not the folder of name, is an error.
func (f Folders) Enabled(name string) (bool, error) {
	target, err := filepath.EvalSymlinks(f.Link(name))
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Lstat(f.Link(name)) // a link without its folder
		return err == nil, nil
	}
	if err != nil {
		return false, err
	}
	dir, err := filepath.EvalSymlinks(f.Dir(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if target != dir {
		return false, fmt.Errorf("%s is %s, not %s", f.Link(name), target, f.Dir(name))
	}
	return true, nil
}

// DownFile is the file named down that keeps name from being started before sv up, as after
// a boot; "": there is none.
func (f Folders) DownFile(name string) string {
	path := filepath.Join(f.Dir(name), "down")
	if _, err := os.Lstat(path); err != nil {
		return ""
	}
	return path
}

// Masked reports whether an administrator disabled name by a hidden link.
func (f Folders) Masked(name string) bool {
	_, err := os.Lstat(f.Hidden(name))
	return err == nil
}

// Enable links name into what runsvdir scans and waits until it is
// supervised, or ctx is done. A link that was there is no news to runsvdir,
// which may have found nothing behind it before; it looks again at a folder
// that seems changed.
func (f Folders) Enable(ctx context.Context, name string) error {
	return f.EnableBeside(ctx, name, nil)
}

// EnableBeside is Enable by one of several callers.
func (f Folders) EnableBeside(ctx context.Context, name string, p *Party) error {
	if err := os.Symlink(f.Dir(name), f.Link(name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := fstree.SyncDir(f.Service); err != nil {
		return err
	}
	p.Leave()
	p.await()
	next := time.Now()
	err := until(ctx, "", func() (bool, error) {
		if now := time.Now(); !now.Before(next) {
			if err := Age(f.Service); err != nil {
				return false, err
			}
			Wake(f.Service)
			next = now.Add(200 * time.Millisecond)
		}
		return Supervised(f.Dir(name))
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("enable %s: no runsv has come up for it: does runsvdir run on %s?", name, f.Service)
	}
	return err
}

// Age has a runsvdir that scans folder, or is about to, look at it without delay: the folder
// gets a time of modification that it has not had, and that is long ago. runsvdir, which reads
// whole seconds, waits until the second of the last change is over before it looks, so
// as to miss no other change of that second; what changes after this is of another second
// anyway.
func Age(folder string) error {
	now := time.Now()
	past := now.Add(-time.Hour - time.Duration(now.Nanosecond()%(1<<27))*time.Second)
	return os.Chtimes(folder, past, past)
}

// Unlink disables name for runsvdir. Its runsv may live on for 5 s; Exit ends it.
func (f Folders) Unlink(name string) error {
	if err := os.Remove(f.Link(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fstree.SyncDir(f.Service)
}
