package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// disabled stops the service and keeps it from being started. Its files stay.
func (t *task) disabled() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	lives := t.lives(now)
	t.linked(now.Enabled, false)
	if now.Enabled {
		t.actions = append(t.actions, "disabled")
	}
	if lives {
		t.actions = append(t.actions, "stopped")
	}
	if t.check || !now.Enabled && !lives {
		return nil
	}
	return t.halt(now)
}

// absent stops the service and removes everything of it but its logs.
func (t *task) absent() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	changes, err := fstree.Remove(t.dir, true)
	if err != nil {
		return err
	}
	t.diff = changes.Diff()
	t.linked(now.Enabled, false)
	hidden := now.Held && linksTo(t.folders.Hidden(t.runitName), t.dir)
	leftovers := exists(filepath.Join(t.host.run, t.p.Name)) || exists(filepath.Join(t.host.state, t.p.Name))
	if !now.Installed && !now.Enabled && !hidden && !leftovers && !t.lives(now) {
		return nil
	}
	t.actions = append(t.actions, "removed")
	if t.check {
		return nil
	}
	if err := t.halt(now); err != nil {
		return err
	}
	// Also where the runner stopped it: a runner that was killed did not.
	if err := t.ctl(control.Request{Op: control.Remove}); err != nil {
		return err
	}
	if hidden {
		if err := os.Remove(t.folders.Hidden(t.runitName)); err != nil {
			return err
		}
	}
	_, err = fstree.Remove(t.dir, false)
	return err
}

// parts are the folders of the service in which a runsv can be, in the order
// in which they are stopped: the sidecar withdraws before its container ends.
func (t *task) parts() []string {
	return []string{t.dir, filepath.Join(t.dir, both.announcer), filepath.Join(t.dir, both.runner)}
}

// lives reports whether any runsv supervises a part of the service.
func (t *task) lives(now situation) bool {
	if now.Outer.Supervised {
		return true
	}
	for _, d := range t.parts() {
		if on, err := runit.Supervised(d); err == nil && on {
			return true
		}
	}
	return false
}

// halt unlinks the service and stops it, the whole of it: what does not end
// in its time is killed, and then its container is removed, which otherwise
// would run on without a supervisor.
func (t *task) halt(now situation) error {
	if now.Enabled {
		if err := t.folders.Unlink(t.runitName); err != nil {
			return err
		}
	}
	stopping := t.stopping()
	if t.exit(stopping) == nil {
		return nil
	}
	t.warn("%s has not stopped within %s and was killed", t.p.Name, stopping)
	for _, d := range t.parts() {
		if err := runit.Control(d, "kx"); err != nil && !errors.Is(err, runit.ErrNotSupervised) {
			return err
		}
	}
	t.endNested()
	if err := t.exit(patience); err != nil {
		return err
	}
	return t.ctl(control.Request{Op: control.Remove})
}

// exit has every runsv of the service leave within timeout.
func (t *task) exit(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for i, d := range t.parts() {
		if err := runit.Exit(ctx, d); err != nil {
			return err
		}
		if i == 0 {
			t.endNested()
		}
	}
	return nil
}

// endNested ends the runsvdir of a service with a sidecar, when its parent,
// which ends it otherwise, was killed. It leaves its runsvs alone.
func (t *task) endNested() {
	for _, pid := range runit.Scanners(filepath.Join(t.dir, filepath.Dir(both.runner))) {
		syscall.Kill(pid, syscall.SIGTERM)
	}
}

// stopping is how long the service may take to stop: its drain and its
// container's stop timeout, as they are in the files that run, and time for
// Docker and the registry.
func (t *task) stopping() time.Duration {
	seconds := 0
	for _, f := range []shape{both, runnerAlone} {
		if s, err := supervisor.ReadService(filepath.Join(t.dir, f.runner, "service.json")); err == nil {
			seconds = max(seconds, s.StopTimeout, supervisor.DefaultStopTimeout)
		}
	}
	for _, f := range []shape{both, sidecarAlone} {
		if a, err := supervisor.ReadAnnounce(filepath.Join(t.dir, f.announcer, "announce.json")); err == nil {
			seconds += a.Drain
		}
	}
	return time.Duration(seconds)*time.Second + 2*patience
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// linksTo reports whether link is a symbolic link to dir, there or not.
func linksTo(link, dir string) bool {
	target, err := os.Readlink(link)
	return err == nil && filepath.Clean(target) == dir
}
