package fstree

import (
	"os"
	"path/filepath"
	"slices"
)

// update changes an existing dir. The manifest lists old and new files before
// the first of them is renamed, so that a crash at any point leaves no file
// of ours that a later Apply would not know.
func update(dir string, files []File, owned []string, want Changes) (done Changes, err error) {
	done = Changes{Dir: dir}
	var staged []string // temporary files not renamed yet
	defer func() {
		for _, t := range staged {
			os.Remove(t)
		}
	}()
	stage := func(f File) error {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		staged = append(staged, temporary(name))
		return named(name, write(temporary(name), f))
	}
	publish := func(p string) error {
		name := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.Rename(temporary(name), name); err != nil {
			return err
		}
		return SyncDir(filepath.Dir(name))
	}

	final := manifestOf(files)
	union := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(owned), final...))))
	for _, c := range want.List {
		if c.After != nil {
			if err := stage(*c.After); err != nil {
				return done, err
			}
		}
	}
	if !slices.Equal(union, owned) {
		if err := stage(manifestFile(union)); err != nil {
			return done, err
		}
		if err := publish(manifest); err != nil {
			return done, err
		}
	}
	for _, c := range want.List {
		if c.After != nil {
			if err := publish(c.Path); err != nil {
				return done, err
			}
		} else if err := remove(dir, c.Path); err != nil {
			return done, err
		}
		done.List = append(done.List, c)
	}
	if !slices.Equal(union, final) {
		if err := stage(manifestFile(final)); err != nil {
			return done, err
		}
		if err := publish(manifest); err != nil {
			return done, err
		}
	}
	return done, nil
}
