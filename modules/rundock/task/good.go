package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/modules/rundock/plan"
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
func (t *Task) goodPath() string { return filepath.Join(t.host.State, t.Params.Name, "good.json") }

// readGood returns the good state; ok is false where none was kept.
func (t *Task) readGood() (g goodState, ok bool, err error) {
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
func (t *Task) saveGood(files []fstree.File, image string) error {
	g := goodState{Version: supervisor.Version, Image: image}
	for _, f := range files {
		g.Files = append(g.Files, goodFile(f))
	}
	sort.Slice(g.Files, func(i, j int) bool { return g.Files[i].Path < g.Files[j].Path })
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

// goodWanted is the good state as what install is to reach: its image is run
// by id, whatever its tag means by now.
func (t *Task) goodWanted(g goodState) (plan.Wanted, error) {
	var w plan.Wanted
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
			w.Service, w.Hash, w.Shape.Runner = s, s.Container.Hash(), dir
		case "announce.json":
			w.Shape.Sidecar = dir
		}
		w.Files = append(w.Files, f)
	}
	return w, nil
}
