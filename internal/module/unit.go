// Package module is the life of a module's call, as far as modules share it:
//
//	host.go      how the host is set up
//	lock.go      one call at a time
//	unit.go      how a runit service stands; enabling and removing it
//	process.go   what its runsv says of a process
//	daemon.go    a service of one process that reads what the module defines
//	wait.go      waiting until that is so
//	program.go   having rundockd do what a module cannot
//	keys.go      reading and writing keys of the store, by rundockd as well
//	call.go      warnings, diff and result
//
// What the service is, what it costs to change it and what the result says is
// each module's own. It links no client of a network: see depguard.
package module

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/internal/runit"
)

// Unit is the runit service that a call is about.
type Unit struct {
	Folders runit.Folders
	Name    string // of its service directory, such as docker-web
	Dir     string // the service directory
}

// Standing is whether a unit is there and is started at boot.
type Standing struct {
	Installed bool // the service directory is there
	Enabled   bool // runsvdir is told to supervise it
	Masked    bool // an administrator's hidden link keeps it disabled
}

// StaysDisabled reports whether the hidden link is what keeps the unit from being
// enabled.
func (s Standing) StaysDisabled() bool { return s.Masked && !s.Enabled }

// Look reads how u stands.
func (u *Unit) Look() (s Standing, err error) {
	if s.Enabled, err = u.Folders.Enabled(u.Name); err != nil {
		return s, err
	}
	s.Masked = u.Folders.Masked(u.Name)
	_, err = os.Lstat(u.Dir)
	switch {
	case err == nil:
		s.Installed = true
	case !errors.Is(err, fs.ErrNotExist):
		return s, err
	}
	return s, nil
}

// Enable links u, and waits until runsvdir supervises it.
func (u *Unit) Enable(ctx context.Context) error { return u.Folders.Enable(ctx, u.Name) }

// EnableBeside is Enable by one of several callers.
func (u *Unit) EnableBeside(ctx context.Context, p *runit.Party) error {
	return u.Folders.EnableBeside(ctx, u.Name, p)
}

// Unlink keeps runsvdir from supervising u. What runs goes on.
func (u *Unit) Unlink() error { return u.Folders.Unlink(u.Name) }

// Mask is the hidden link by which an administrator keeps u disabled.
func (u *Unit) Mask() string { return u.Folders.Hidden(u.Name) }

// LinkDiff is the diff of the link that enables u; none where it stays as it is.
func (u *Unit) LinkDiff(before, after bool) []fstree.Diff {
	if before == after {
		return nil
	}
	link := u.Folders.Link(u.Name)
	show := func(there bool) string { return Choose(there, "link to "+u.Dir+"\n", "absent\n") }
	return []fstree.Diff{{BeforeHeader: link, AfterHeader: link, Before: show(before), After: show(after)}}
}

// OwnsMask reports whether the hidden link leads to u's service directory, so
// that it goes when u is removed.
func (u *Unit) OwnsMask() bool {
	to, err := os.Readlink(u.Mask())
	return err == nil && filepath.Clean(to) == u.Dir
}

// Unmask removes the hidden link, if it is still there.
func (u *Unit) Unmask() error {
	err := os.Remove(u.Mask())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Kill has the runsvs in these folders kill what they supervise, and end.
// Those that are gone already are no error.
func Kill(dirs ...string) error {
	for _, d := range dirs {
		if err := runit.Control(d, "kx"); err != nil && !errors.Is(err, runit.ErrNotSupervised) {
			return err
		}
	}
	return nil
}

// Choose returns yes where the condition holds, else no.
func Choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
