package overlayhost

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/overlay"
)

// Names returns names, or else those of all networks of this host, sorted: also of one
// whose settings are gone, while its agent, or what that saved, is there.
func Names(names []string) ([]string, error) {
	if len(names) > 0 {
		return names, nil
	}
	for _, dir := range []string{overlay.SettingsDir, overlay.SavedDir, filepath.Join(control.Dir, "overlay")} {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// ReadJoined reads the settings by which this host is in a network: those that its
// agent saved or, where it has not, those of the network's file.
func ReadJoined(name string) (overlay.Settings, error) {
	if saved, err := overlay.ReadSavedSettings(overlay.SavedDir, name); err == nil && saved != nil {
		return *saved, nil
	}
	return overlay.ReadSettings(overlay.SettingsDir, name)
}

// ReadSettings reads a network's settings: those of its file or, where that is lost,
// those by which this host is in the network.
func ReadSettings(name string) (s overlay.Settings, lost bool, err error) {
	s, err = overlay.ReadSettings(overlay.SettingsDir, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, false, err
	}
	saved, e := overlay.ReadSavedSettings(overlay.SavedDir, name)
	switch {
	case e != nil:
		return s, true, fmt.Errorf("%w; %w", err, e)
	case saved == nil:
		return s, true, err
	}
	return *saved, true, nil
}
