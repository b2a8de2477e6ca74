package ctl

import (
	"os"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/overlaydir"
	"rundock/supervisor/renderdir"
)

// processFolders are those of the enabled services and networks that rundock
// wrote, of the renderer, of rundockd store and of rundockd balance.
func processFolders(folders runit.Folders) ([]string, error) {
	entries, err := os.ReadDir(folders.Service)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if dir := folders.Dir(e.Name()); overlaydir.Is(dir) || renderdir.Is(dir) || slices.Contains([]string{control.StoreService, control.BalanceService}, e.Name()) {
			dirs = append(dirs, dir)
		}
		if !strings.HasPrefix(e.Name(), supervisor.Prefix) {
			continue
		}
		// Others may call their services docker-something, too.
		runner, announcer := supervisor.Installed(folders.Dir(e.Name()))
		for _, dir := range []string{runner, announcer} {
			if dir != "" {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs, nil
}
