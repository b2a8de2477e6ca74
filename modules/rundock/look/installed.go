package look

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/runit"
	"rundock/supervisor"
)

// Installed lists the services that have a directory in folders and a name that begins so,
// sorted.
func Installed(folders runit.Folders, begins string) []string {
	entries, _ := os.ReadDir(folders.SV)
	var names []string
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), supervisor.Prefix)
		if ok && strings.HasPrefix(name, begins) && Exists(filepath.Join(folders.Dir(e.Name()), ".rundock")) {
			names = append(names, name)
		}
	}
	return names
}

// Exists reports whether there is a file, a link that leads nowhere included.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
