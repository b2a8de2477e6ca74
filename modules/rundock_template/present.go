package main

import (
	"context"
	"fmt"
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/renderdir"
)

// present has the file kept. Until it is known what becomes of it, nothing is
// written.
func (t *task) present() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.tell(now)
	if t.noConfig != nil {
		return t.noConfig
	}
	definition, err := t.definitionFile()
	if err != nil {
		return err
	}
	files := renderdir.Files(supervisor.TemplateDir)
	definitionChange, err := fstree.Put(supervisor.TemplateDir, definition, true)
	if err != nil {
		return err
	}
	serviceChange, err := fstree.Apply(t.unit.Dir, files, true)
	if err != nil {
		return err
	}
	p := decide(now, definitionChange, serviceChange)
	held := now.Masked && !now.Enabled
	if held {
		t.warn("the renderer stays disabled: the link %s is there; remove it to have the file kept", t.unit.Mask())
		p = plan{Define: p.Define, Service: p.Service}
	}
	replace := false
	if p.changes() {
		if replace, err = t.try(definition.Data); err != nil {
			return err
		}
	}
	t.actions = p.actions(now, replace && !held)
	t.diff = append(append(definitionChange.Diff(), serviceChange.Diff()...), t.diff...)
	t.diff = append(t.diff, t.unit.LinkDiff(now.Enabled, now.Enabled || p.Enable)...)
	if t.check {
		return nil
	}
	if _, err := fstree.Put(supervisor.TemplateDir, definition, false); err != nil {
		return err
	}
	if _, err := fstree.Apply(t.unit.Dir, files, false); err != nil {
		return err
	}
	if held {
		return nil
	}
	if err := t.act(p); err != nil {
		return err
	}
	return t.wait(p)
}

// definitionFile is the definition as it is written. What only the owner of the
// rendered file may read, only root may read in its template.
func (t *task) definitionFile() (fstree.File, error) {
	data, err := file(t.definition)
	if err != nil {
		return fstree.File{}, err
	}
	mode, err := t.definition.FileMode()
	f := fstree.File{Path: t.file(), Mode: 0o644, Data: data, Secret: mode&0o077 == 0}
	if mode&0o004 == 0 {
		f.Mode = 0o600
	}
	return f, err
}

// act brings the renderer to the files.
func (t *task) act(p plan) error {
	ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
	defer cancel()
	if p.Enable {
		if err := t.unit.Enable(ctx); err != nil {
			return err
		}
	}
	for _, c := range p.Commands {
		if err := runit.Control(filepath.Join(t.unit.Dir, c.Dir), c.Letter); err != nil {
			return fmt.Errorf("%s: %w", c.Does, err)
		}
	}
	return nil
}
