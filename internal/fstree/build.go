package fstree

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// build makes dir, which does not exist, hold files.
func build(dir string, files []File, w writer) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	tmp := hidden(dir, ".new")
	err = os.Mkdir(tmp, 0o755)
	if errors.Is(err, fs.ErrExist) { // of an Apply that was interrupted
		if err = os.RemoveAll(tmp); err == nil {
			err = os.Mkdir(tmp, 0o755)
		}
	}
	if err != nil {
		return named(dir, err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(tmp)
		}
	}()
	folders := map[string]bool{tmp: true}
	for _, f := range append(slices.Clone(files), manifestFile(manifestOf(files))) {
		name := filepath.Join(tmp, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		for d := filepath.Dir(name); d != tmp; d = filepath.Dir(d) {
			folders[d] = true
		}
		if err := w.write(name, f); err != nil {
			return named(filepath.Join(dir, filepath.FromSlash(f.Path)), err)
		}
	}
	if err := w.sync(slices.Collect(maps.Keys(folders))...); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return w.sync(filepath.Dir(dir))
}
