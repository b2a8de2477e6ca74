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
	s := staging{dir: dir}
	defer s.discard()
	final := manifestOf(files)
	union := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(owned), final...))))
	for _, c := range want.List {
		if c.After != nil {
			if err := s.stage(*c.After); err != nil {
				return done, err
			}
		}
	}
	if !slices.Equal(union, owned) {
		if err := s.put(manifestFile(union)); err != nil {
			return done, err
		}
	}
	for _, c := range want.List {
		if c.After != nil {
			if err := s.publish(c.Path); err != nil {
				return done, err
			}
		} else if err := remove(dir, c.Path); err != nil {
			return done, err
		}
		done.List = append(done.List, c)
	}
	if !slices.Equal(union, final) {
		if err := s.put(manifestFile(final)); err != nil {
			return done, err
		}
	}
	return done, nil
}

// staging has new files of dir under temporary names, beside their places.
type staging struct {
	dir       string
	temporary []string // all that were written, renamed or not
}

// stage writes a file under its temporary name.
func (s *staging) stage(f File) error {
	name := filepath.Join(s.dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	s.temporary = append(s.temporary, temporary(name))
	return named(name, write(temporary(name), f))
}

// publish gives the file at a path, which was staged, its name.
func (s *staging) publish(path string) error {
	name := filepath.Join(s.dir, filepath.FromSlash(path))
	if err := os.Rename(temporary(name), name); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(name))
}

// put stages a file and publishes it.
func (s *staging) put(f File) error {
	if err := s.stage(f); err != nil {
		return err
	}
	return s.publish(f.Path)
}

// discard removes what was not published.
func (s *staging) discard() {
	for _, t := range s.temporary {
		os.Remove(t)
	}
}
