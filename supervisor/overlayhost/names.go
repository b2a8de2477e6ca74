package overlayhost

import (
	"path/filepath"
	"strings"

	"rundock/internal/overlay"
)

// Names returns names, or else those of all networks of this host.
func Names(names []string) ([]string, error) {
	if len(names) > 0 {
		return names, nil
	}
	files, err := filepath.Glob(filepath.Join(overlay.SettingsDir, "*.json"))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return names, err
}
