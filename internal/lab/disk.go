package lab

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A host's disk is a folder: upper and work are the writable part of its
// root, base a link to the part it shares, release whose base it is, docker and
// containerd what must not lie on an overlay, root where the whole is mounted
// (in the host's own mount namespace only), boot.log what went wrong before
// init ran.

// disk is what a new host's is made from.
type disk struct {
	release  string
	base     string // bare or prepared, of the release's base
	noPython bool
}

// makeDisk makes the disk of a new host. A half-made disk has another name.
func (l *Lab) makeDisk(h Host, d disk) error {
	if err := l.fillDisk(h, d); err != nil {
		return fmt.Errorf("make the disk of %s: %w", h.Name, err)
	}
	return nil
}

func (l *Lab) fillDisk(h Host, d disk) error {
	at := filepath.Join(l.state(), "hosts", "."+h.Name)
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	for _, dir := range []string{"upper", "work", "root", "docker", "containerd"} {
		if err := os.MkdirAll(filepath.Join(at, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink(d.base, filepath.Join(at, "base")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(at, "release"), []byte(d.release), 0o644); err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(l.state(), "id_ed25519.pub"))
	if err != nil {
		return err
	}
	private, _ := networks(l.ID)
	id := make([]byte, 16)
	rand.Read(id)
	for _, f := range []struct {
		path string
		mode fs.FileMode
		text string
	}{
		{"etc/hostname", 0o644, h.Name + "\n"},
		{"etc/hosts", 0o644, fmt.Sprintf("127.0.0.1 localhost\n::1 localhost\n%s %s\n", h.Private, h.Name)},
		{"etc/machine-id", 0o444, fmt.Sprintf("%x\n", id)},
		{"etc/resolv.conf", 0o644, ""},
		// The lab's own repository; who can forge it is root on all hosts.
		{"etc/apt/sources.list", 0o644, fmt.Sprintf("deb [trusted=yes] http://%s/debian/%s ./\n", private.at(atSwitch), d.release)},
		{"root/.ssh/authorized_keys", 0o600, string(key)},
	} {
		if err := writeOver(filepath.Join(at, "upper"), d.base, f.path, f.mode, f.text); err != nil {
			return err
		}
	}
	if err := makeDirs(filepath.Join(at, "upper"), d.base, "etc/ssh"); err != nil {
		return err
	}
	if _, err := run("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root@"+h.Name, "-f", filepath.Join(at, "upper/etc/ssh/ssh_host_ed25519_key")); err != nil {
		return err
	}
	if d.noPython {
		if err := hidePython(filepath.Join(at, "upper"), d.base); err != nil {
			return err
		}
	}
	return os.Rename(at, l.disk(h.Name))
}

// writeOver writes a file into upper so that it shows over the folder base.
func writeOver(upper, base, path string, mode fs.FileMode, text string) error {
	if err := makeDirs(upper, base, filepath.Dir(path)); err != nil {
		return err
	}
	at := filepath.Join(upper, path)
	if err := os.WriteFile(at, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(at, mode)
}

// makeDirs makes the folder path in upper. Each has the mode it has in base,
// since an overlay shows the upper one's; one that base lacks is private.
func makeDirs(upper, base, path string) error {
	dir := ""
	for part := range strings.SplitSeq(path, "/") {
		dir = filepath.Join(dir, part)
		mode := fs.FileMode(0o700)
		if info, err := os.Lstat(filepath.Join(base, dir)); err == nil {
			mode = info.Mode().Perm()
		}
		if err := os.Mkdir(filepath.Join(upper, dir), mode); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(upper, dir), mode); err != nil {
			return err
		}
	}
	return nil
}

// hidePython hides all of base's Python by whiteouts: devices 0:0, by the
// overlayfs documentation.
func hidePython(upper, base string) error {
	for _, pattern := range []string{"usr/bin/python*", "usr/bin/pydoc*", "usr/lib/python*"} {
		found, err := filepath.Glob(filepath.Join(base, pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			path, err := filepath.Rel(base, path)
			if err != nil {
				return err
			}
			if err := makeDirs(upper, base, filepath.Dir(path)); err != nil {
				return err
			}
			at := filepath.Join(upper, path)
			if err := syscall.Mknod(at, syscall.S_IFCHR, 0); err != nil {
				return &fs.PathError{Op: "mknod", Path: at, Err: err}
			}
		}
	}
	return nil
}

// withoutPython reports whether the host was made without Python.
func (l *Lab) withoutPython(name string) bool {
	info, err := os.Lstat(filepath.Join(l.disk(name), "upper/usr/bin/python3"))
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// release returns the Debian release the host was made from, "" if there is no
// such host.
func (l *Lab) release(name string) string {
	text, err := os.ReadFile(filepath.Join(l.disk(name), "release"))
	if err != nil {
		return ""
	}
	return string(text)
}

// flavour returns the flavour of hosts, "" if there are none.
func (l *Lab) flavour(hosts []Host) Flavour {
	if len(hosts) == 0 {
		return ""
	}
	base, err := os.Readlink(filepath.Join(l.disk(hosts[0].Name), "base"))
	if err != nil {
		return ""
	}
	return Flavour(filepath.Base(base))
}
