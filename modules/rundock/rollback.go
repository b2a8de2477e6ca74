package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/supervisor"
)

// goodState is the last state of a service that a call with rollback waited for and
// found: its service directory, and what its tag meant then. It is one file, which
// is replaced whole, so that it is never half of two states.
type goodState struct {
	Version int        `json:"version"`
	Image   string     `json:"image,omitempty"` // id; "" of an announce-only service
	Files   []goodFile `json:"files"`
}

type goodFile struct {
	Path   string      `json:"path"`
	Mode   fs.FileMode `json:"mode"`
	Data   []byte      `json:"data"`
	Secret bool        `json:"secret,omitempty"`
}

func (g goodState) files() []fstree.File {
	var list []fstree.File
	for _, f := range g.Files {
		list = append(list, fstree.File(f))
	}
	return list
}

// goodPath is where the good state is kept. It holds secrets, as env/ does.
func (t *task) goodPath() string { return filepath.Join(t.host.state, t.p.Name, "good.json") }

// readGood returns the good state; ok is false where none was kept.
func (t *task) readGood() (g goodState, ok bool, err error) {
	data, err := os.ReadFile(t.goodPath())
	if errors.Is(err, fs.ErrNotExist) {
		return g, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err == nil && (g.Version != supervisor.Version || len(g.Files) == 0) {
		err = fmt.Errorf("version %d with %d files", g.Version, len(g.Files))
	}
	if err != nil {
		return g, false, fmt.Errorf("read the state to roll back to, %s: %w", t.goodPath(), err)
	}
	return g, true, nil
}

// saveGood makes files and image the good state. What is kept already is left.
func (t *task) saveGood(files []fstree.File, image string) error {
	g := goodState{Version: supervisor.Version, Image: image}
	for _, f := range files {
		g.Files = append(g.Files, goodFile(f))
	}
	slices.SortFunc(g.Files, func(a, b goodFile) int { return strings.Compare(a.Path, b.Path) })
	data, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("keep the state to roll back to: %w", err)
	}
	if have, err := os.ReadFile(t.goodPath()); err == nil && bytes.Equal(have, data) {
		return nil
	}
	// First the image, which a pull or a clean-up would take otherwise.
	if image != "" {
		if err := t.ctl(control.Request{Op: control.Keep, Image: image}); err != nil {
			return err
		}
	}
	dir, name := filepath.Split(t.goodPath())
	_, err = fstree.Apply(filepath.Clean(dir), []fstree.File{{Path: name, Mode: 0o600, Data: data, Secret: true}}, false)
	return err
}

// savePresent keeps the state that the service is in, if it is well, before
// it is changed. A service that is not has what was kept before.
func (t *task) savePresent(now situation) error {
	files, err := fstree.Read(t.unit.Dir)
	if err != nil || len(files) == 0 || pinned(files) {
		return err
	}
	w := wanted{hash: now.Spec, shape: now.Shape}
	if t.shapeOnDisk() != now.Shape || !t.isWell(now, w) {
		return nil
	}
	return t.saveGood(files, now.Says.Image)
}

// isWell reports whether the service, which is w, is as the call is to wait for.
// Where the status files do not tell, rundockd is asked.
func (t *task) isWell(now situation, w wanted) bool {
	if reached(now, w, t.p.Wait, time.Now()) {
		return true
	}
	if t.p.Wait != "healthy" || !reached(now, w, "running", time.Now()) {
		return false
	}
	answer, err := t.session.Do(control.Request{Op: control.Wait, Service: t.p.Name, Want: control.Want{For: t.p.Wait, Hash: w.hash}, Timeout: 1})
	return err == nil && answer.Error == ""
}

// saveNew keeps w, which was just found well.
func (t *task) saveNew(w wanted) error {
	now, err := t.look()
	if err != nil {
		return err
	}
	return t.saveGood(w.files, now.Says.Image)
}

// pinned reports whether files are those of a service that was rolled back.
func pinned(files []fstree.File) bool {
	for _, f := range files {
		if filepath.Base(f.Path) == "service.json" {
			s, err := supervisor.ParseService(f.Path, f.Data)
			return err == nil && s.Pin != ""
		}
	}
	return false
}

// rollback brings the service back to its good state; why is what waiting for it
// has found out. before is how the service stood when the call began,
// and first the changes that the call made. The error says what became of it.
func (t *task) rollback(before situation, first fstree.Changes, why error) error {
	g, ok, err := t.readGood()
	if err != nil {
		return fmt.Errorf("it is not rolled back: %w: %w", err, why)
	}
	if !ok && before.Enabled {
		return fmt.Errorf("it is not rolled back, as no call has found it well yet: %w", why)
	}
	if !ok {
		return t.giveUp(first, why)
	}
	w, err := t.goodWanted(g)
	if err != nil {
		return fmt.Errorf("it is not rolled back: %w: %w", err, why)
	}
	now, err := t.look()
	restored := false
	if err == nil {
		restored, err = t.restore(now, w, first)
	}
	what := "the service directory of before"
	if g.Image != "" {
		what += fmt.Sprintf(" and image %.19s", g.Image)
	}
	switch {
	case err != nil && !restored:
		return fmt.Errorf("it is not rolled back to %s: %w; why it was to be: %w", what, err, why)
	case err != nil:
		return fmt.Errorf("it was rolled back to %s, which is not well either: %w; why it was rolled back: %w", what, err, why)
	}
	return fmt.Errorf("it was rolled back to %s: %w", what, why)
}

// goodWanted is the good state as what install is to reach: its image is run
// by id, whatever its tag means by now.
func (t *task) goodWanted(g goodState) (wanted, error) {
	var w wanted
	for _, f := range g.files() {
		switch dir := filepath.Dir(f.Path); filepath.Base(f.Path) {
		case "service.json":
			s, err := supervisor.ParseService(t.goodPath()+": "+f.Path, f.Data)
			if err != nil {
				return w, err
			}
			s.Pin = g.Image
			if f.Data, err = s.JSON(); err != nil {
				return w, err
			}
			w.service, w.hash, w.shape.runner = s, s.Container.Hash(), dir
		case "announce.json":
			w.shape.sidecar = dir
		}
		w.files = append(w.files, f)
	}
	return w, nil
}

// restore makes the service w, and waits until it is well. restored says that
// its files are those of w.
func (t *task) restore(now situation, w wanted, first fstree.Changes) (restored bool, err error) {
	changes, err := fstree.Apply(t.unit.Dir, w.files, true)
	if err != nil {
		return false, err
	}
	plan := decide(now, w, changes, true, false)
	stopping := t.stopping()
	started := time.Now()
	changes, err = fstree.Apply(t.unit.Dir, w.files, false)
	t.diff = maskedDiff(first.Then(changes))
	if err != nil {
		return false, err
	}
	t.notePlan(now, w, plan)
	defer t.noteDeed("rolled back")
	if err := t.act(now, w, plan, stopping); err != nil {
		return true, err
	}
	return true, t.wait(now, w, plan, started)
}

// giveUp stops a service that was never well. Its files stay.
func (t *task) giveUp(first fstree.Changes, why error) error {
	now, err := t.look()
	if err == nil && now.Enabled {
		err = t.unit.Unlink()
	}
	if err == nil {
		err = t.stopAll()
	}
	if err == nil && now.Shape.runner != "" {
		_, err = t.stop(control.Stop)
	}
	if err != nil {
		return fmt.Errorf("it could not be stopped: %w: %w", err, why)
	}
	t.stopped(true, false)
	t.diff = maskedDiff(first)
	return fmt.Errorf("it was stopped, as there is nothing to roll back to: %w", why)
}
