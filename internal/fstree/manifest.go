package fstree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// manifest is the name of the file that lists what Apply wrote.
const manifest = ".rundock"

func manifestOf(files []File) []string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return paths
}

func manifestFile(paths []string) File {
	return File{Path: manifest, Mode: 0o644, Data: []byte(strings.Join(paths, "\n") + "\n")}
}

// Owned returns the paths that an earlier Apply wrote into dir, by its manifest.
func Owned(dir string) ([]string, error) {
	name := filepath.Join(dir, manifest)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	paths := strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
	for _, p := range paths {
		if !fs.ValidPath(p) || p == "." {
			return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%q is not a path inside %s", p, dir)}
		}
	}
	return paths, nil
}
