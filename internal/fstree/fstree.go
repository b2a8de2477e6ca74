// Package fstree makes a directory hold a wanted list of files, and says what
// that changes: the same Changes feed a module's `changed`, its diff and its
// check mode.
//
// It shares the directory with others: runsv keeps supervise/ in it, an
// operator puts a `down` file there. What it may remove is therefore written
// down beside the files, in the manifest `.rundock`: one slash-separated path
// a line, sorted. A path that is not listed there is never removed.
package fstree

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Apply makes dir hold exactly files, beside what others keep in it, and
// reports what changed, sorted by path. A file of an earlier Apply that is no
// longer wanted is removed, and its folders when they are empty.
//
// All new contents are written to temporary files and synced before the first
// rename, so a full or read-only file system leaves everything as it was;
// then each file is replaced by a rename, so that runsv never reads half a
// script. A directory that does not exist yet is built as .<name>.new beside
// its place, and appears whole. With check set nothing is written.
//
// On error Changes lists what was already done; calling again finishes the
// job. Errors wrap *fs.PathError or *os.LinkError, which name the path.
func Apply(dir string, files []File, check bool) (Changes, error) {
	return apply(dir, files, check, oneByOne{})
}

func apply(dir string, files []File, check bool, w writer) (Changes, error) {
	if err := checkPaths(files); err != nil {
		return Changes{Dir: dir}, err
	}
	owned, err := Owned(dir)
	if err != nil {
		return Changes{Dir: dir}, err
	}
	want, err := compare(dir, files, owned)
	if err != nil || check {
		return want, err
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := build(dir, files, w); err != nil {
			return Changes{Dir: dir}, err
		}
		return want, nil
	}
	if !want.Changed() && slices.Equal(owned, manifestOf(files)) {
		return want, nil
	}
	return update(dir, files, owned, want)
}

// Read returns the files of dir that an earlier Apply wrote, sorted by path;
// none for a dir that does not exist. What nobody but the owner may read is
// secret. A file that somebody has removed since is left out.
func Read(dir string) ([]File, error) {
	owned, err := Owned(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, p := range owned {
		f, err := read(dir, p)
		if err != nil {
			return nil, err
		}
		if f != nil {
			f.Secret = f.Mode&0o077 == 0
			files = append(files, *f)
		}
	}
	return files, nil
}

// Remove takes dir away with everything in it: renamed to .<name>.old first,
// so that nobody sees half of it. The Changes list the files that Apply wrote.
// With check set nothing is removed. A dir that does not exist is no change;
// what an interrupted Apply or Remove left beside it is removed nevertheless.
func Remove(dir string, check bool) (Changes, error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if check {
			return Changes{Dir: dir}, nil
		}
		// What was interrupted left secrets.
		return Changes{Dir: dir}, errors.Join(os.RemoveAll(hidden(dir, ".old")), os.RemoveAll(hidden(dir, ".new")))
	}
	owned, err := Owned(dir)
	if err != nil {
		return Changes{Dir: dir}, err
	}
	changes, err := compare(dir, nil, owned)
	if err != nil || check {
		return changes, err
	}
	old := hidden(dir, ".old")
	if err := os.RemoveAll(old); err != nil {
		return Changes{Dir: dir}, err
	}
	if err := os.Rename(dir, old); err != nil {
		return Changes{Dir: dir}, err
	}
	if err := SyncDir(filepath.Dir(dir)); err != nil {
		return changes, err
	}
	return changes, errors.Join(os.RemoveAll(old), os.RemoveAll(hidden(dir, ".new")))
}

// compare lists what has to change in dir. Files keep their order by path.
func compare(dir string, files []File, owned []string) (Changes, error) {
	c := Changes{Dir: dir}
	wanted := map[string]bool{}
	for _, f := range files {
		wanted[f.Path] = true
		have, err := read(dir, f.Path)
		if err != nil {
			return c, err
		}
		if have == nil || have.Mode != f.Mode.Perm() || !bytes.Equal(have.Data, f.Data) {
			if have != nil {
				have.Secret = f.Secret
			}
			c.List = append(c.List, Change{Path: f.Path, Before: have, After: &f})
		}
	}
	for _, p := range owned {
		if wanted[p] {
			continue
		}
		have, err := read(dir, p)
		if err != nil {
			return c, err
		}
		if have != nil {
			// What nobody but the owner may read was a secret.
			have.Secret = have.Mode&0o077 == 0
			c.List = append(c.List, Change{Path: p, Before: have})
		}
	}
	c.sort()
	return c, nil
}
