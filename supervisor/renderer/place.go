package renderer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"rundock/internal/control"
	"rundock/internal/flock"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// file is what a template's file is to be.
type file struct {
	path     string
	data     []byte
	mode     fs.FileMode
	uid, gid int
}

// wanted is the file of t with this content. Where t names no owner or group it
// is the renderer's own, root.
func wanted(t supervisor.Template, data []byte) (file, error) {
	f := file{path: t.Dest, data: data, uid: os.Geteuid(), gid: os.Getegid()}
	var err error
	if f.mode, err = t.FileMode(); err != nil {
		return f, err
	}
	if t.Owner != "" {
		if f.uid, err = number(t.Owner, func(name string) (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		}); err != nil {
			return f, fmt.Errorf("owner %s: %w", t.Owner, err)
		}
	}
	if t.Group != "" {
		if f.gid, err = number(t.Group, func(name string) (string, error) {
			g, err := user.LookupGroup(name)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		}); err != nil {
			return f, fmt.Errorf("group %s: %w", t.Group, err)
		}
	}
	return f, nil
}

// number is the id that name is or has.
func number(name string, lookup func(string) (string, error)) (int, error) {
	if n, err := strconv.Atoi(name); err == nil {
		return n, nil
	}
	id, err := lookup(name)
	if err != nil {
		return -1, err
	}
	return strconv.Atoi(id)
}

// present says whether the file is there as wanted.
func (f file) present() (bool, error) {
	info, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || info.IsDir() {
		return false, errors.Join(err, dirError(f.path, info))
	}
	owner := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || info.Mode().Perm() != f.mode || int(owner.Uid) != f.uid || int(owner.Gid) != f.gid {
		return false, nil
	}
	have, err := os.ReadFile(f.path)
	return err == nil && bytes.Equal(have, f.data), err
}

func dirError(path string, info fs.FileInfo) error {
	if info == nil {
		return nil
	}
	return fmt.Errorf("%s is a directory", path)
}

// write fills the new file w. Its content is never readable to anybody but its
// owner.
func (f file) write(w *os.File) error {
	err := w.Chown(f.uid, f.gid)
	if err == nil {
		err = w.Chmod(f.mode)
	}
	if err == nil {
		_, err = w.Write(f.data)
	}
	return err
}

// checked runs the check command on the staged file. Its error calls that file
// by the name it is to have: the staged one's is another each time.
func (f file) checked(ctx context.Context, command, staged string) error {
	if command == "" {
		return nil
	}
	if err := shell(ctx, strings.ReplaceAll(command, "%s", quoted(staged))); err != nil {
		return fmt.Errorf("the check fails: %s", strings.ReplaceAll(err.Error(), staged, f.path))
	}
	return nil
}

// backUp keeps the file that is there now as PATH~, by a link: it is never
// away.
func (f file) backUp() error {
	backup := f.path + "~"
	if err := os.Remove(backup); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(f.path, backup); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// reload has whoever reads the file of t read it.
func reload(ctx context.Context, t supervisor.Template, folders hostconfig.Runit) error {
	if t.Reload != "" {
		if err := shell(ctx, t.Reload); err != nil {
			return fmt.Errorf("the reload fails: %w", err)
		}
	}
	if t.Signal == nil {
		return nil
	}
	f, err := runit.Detect(folders.SV, folders.Service)
	if err == nil {
		err = runit.Control(f.Dir(t.Signal.Service), supervisor.Signals[t.Signal.Signal])
	}
	if err != nil {
		return fmt.Errorf("signal %s to service %s: %w", t.Signal.Signal, t.Signal.Service, err)
	}
	return nil
}

// locked has nobody else place the file of the template meanwhile.
func locked(dir, name string) (unlock func(), err error) {
	f, err := flock.Open(control.TemplateLock(dir, name))
	if err != nil {
		return nil, err
	}
	if err := flock.Lock(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
