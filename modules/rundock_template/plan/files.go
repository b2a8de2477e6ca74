package plan

import (
	"strings"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/supervisor"
	"rundock/supervisor/renderdir"
)

// DefinitionFile is the name of a template's definition, below supervisor.TemplateDir.
func DefinitionFile(name string) string { return name + ".json" }

// Files are the definition, and the renderer's service. What only the owner of the
// rendered file may read, only root may read in its template.
func Files(t supervisor.Template, unit module.Unit) (module.Definition, error) {
	d := module.Definition{Dir: supervisor.TemplateDir, Unit: unit, Service: renderdir.Files(supervisor.TemplateDir)}
	data, err := fstree.JSON(t)
	if err != nil {
		return d, err
	}
	mode, err := t.FileMode()
	d.File = fstree.File{Path: DefinitionFile(t.Name), Mode: 0o644, Data: data, Secret: mode&0o077 == 0}
	if mode&0o004 == 0 {
		d.File.Mode = 0o600
	}
	return d, err
}

// FileDiff is how the rendered file changes, by a trial of the definition.
func FileDiff(t supervisor.Template, trial control.TemplateTrial) []fstree.Diff {
	mode, _ := t.FileMode()
	secret := mode&0o077 == 0
	change := fstree.Change{Path: strings.TrimPrefix(t.Dest, "/"), After: &fstree.File{Mode: mode, Data: trial.After, Secret: secret}}
	if trial.Before != nil {
		change.Before = &fstree.File{Mode: trial.Mode, Data: *trial.Before, Secret: secret || trial.Mode&0o077 == 0}
	}
	return fstree.Changes{Dir: "/", List: []fstree.Change{change}}.Diff()
}
