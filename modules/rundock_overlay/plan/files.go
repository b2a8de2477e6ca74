package plan

import (
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/supervisor/overlaydir"
)

// SettingsFile is the name of a network's settings, below overlay.SettingsDir.
func SettingsFile(name string) string { return name + ".json" }

// Files are the settings, and the agent's service.
func Files(s overlay.Settings, unit module.Unit) (module.Definition, error) {
	data, err := fstree.JSON(s)
	file := SettingsFile(s.Name)
	return module.Definition{
		Dir:     overlay.SettingsDir,
		File:    fstree.File{Path: file, Mode: 0o644, Data: data},
		Unit:    unit,
		Service: overlaydir.Files(s.Name, filepath.Join(overlay.SettingsDir, file)),
	}, err
}
