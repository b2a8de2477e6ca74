package hosts

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"rundock/internal/fstree"
)

// put writes a file with its owner and mode, after its check.
func put(f File) error {
	names, err := readNames()
	if err != nil {
		return err
	}
	uid, err := idOf(names.users, f.owner(), "user")
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Path, err)
	}
	gid, err := idOf(names.groups, f.group(), "group")
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Path, err)
	}
	return fstree.Judged(f.Path, func(w *os.File) error {
		_, err := w.WriteString(f.Content)
		return errors.Join(err, w.Chown(uid, gid), w.Chmod(f.Mode))
	}, func(temporary string) error {
		if f.Check == "" {
			return nil
		}
		if err := run("sh", "-c", strings.ReplaceAll(f.Check, "%s", temporary)); err != nil {
			return fmt.Errorf("%s stays as it is, as its check refuses the new content: %w", f.Path, err)
		}
		return nil
	})
}

// readable returns an error if u cannot read one of its files.
func readable(u User) error {
	for _, file := range u.Reads {
		if run("setpriv", "--reuid", u.Name, "--regid", u.Name, "--init-groups", "test", "-r", file) != nil {
			return fmt.Errorf("the user %s may not read %s: give the file the group %s, or add the user to its group", u.Name, file, u.Name)
		}
	}
	return nil
}

// putProgram unpacks a program that was sent, and has it run once before it
// gets its name.
func (a *applier) putProgram(name string) error {
	p := find(a.want.Programs, name, func(p Program) string { return p.Name })
	if p.Upload == "" {
		return fmt.Errorf("install %s: it was not sent to the host", name)
	}
	defer os.Remove(p.Upload)
	err := fstree.Judged(ProgramDir+name, func(w *os.File) error { return unpack(w, p) }, func(temporary string) error {
		return run(temporary, strings.Fields(p.Test)...)
	})
	if err != nil {
		return fmt.Errorf("install %s: %w", name, err)
	}
	return nil
}

func unpack(w *os.File, p Program) error {
	sent, err := os.Open(p.Upload)
	if err != nil {
		// Not as a *fs.PathError, of which the program's own path is told.
		return fmt.Errorf("unpack %s: %v", p.Upload, errors.Unwrap(err))
	}
	defer sent.Close()
	packed, err := gzip.NewReader(sent)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", p.Upload, err)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), packed); err != nil {
		return fmt.Errorf("unpack %s: %w", p.Upload, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.Hash {
		return fmt.Errorf("unpack %s: its hash is %s, want %s", p.Upload, got, p.Hash)
	}
	return w.Chmod(programMode)
}

// saveResolvConf copies the resolv.conf that was there before rundock, also
// where it is a link.
func saveResolvConf() error {
	data, err := os.ReadFile(resolvConf)
	if err != nil {
		return err
	}
	return fstree.Replace(savedResolvConf, 0o644, data)
}

// putResolvConf writes resolv.conf; into the file itself where that is mounted
// from elsewhere and so cannot be replaced.
func putResolvConf(data []byte) error {
	err := fstree.Replace(resolvConf, 0o644, data)
	if errors.Is(err, syscall.EBUSY) {
		return os.WriteFile(resolvConf, data, 0o644)
	}
	return err
}
