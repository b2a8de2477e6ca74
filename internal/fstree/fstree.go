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
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// File is a wanted file.
type File struct {
	Path   string      // slash-separated, relative to the directory
	Mode   fs.FileMode // permission bits
	Data   []byte
	Secret bool // the content is masked in diffs
}

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
	return apply(dir, files, check, nil)
}

func apply(dir string, files []File, check bool, together *Together) (Changes, error) {
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
		if err := build(dir, files, together); err != nil {
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
// secret. One that somebody has removed is left out.
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
// what an Apply or Remove that was interrupted left beside it goes all the same.
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
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return changes, err
	}
	return changes, errors.Join(os.RemoveAll(old), os.RemoveAll(hidden(dir, ".new")))
}

// checkPaths refuses a list that would write outside the directory or one
// path twice: a mistake of the caller.
func checkPaths(files []File) error {
	seen := map[string]bool{manifest: true}
	for _, f := range files {
		if !fs.ValidPath(f.Path) || f.Path == "." || seen[f.Path] {
			return &fs.PathError{Op: "apply", Path: f.Path, Err: fs.ErrInvalid}
		}
		seen[f.Path] = true
	}
	return nil
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
	slices.SortFunc(c.List, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return c, nil
}

// read returns the file at path in dir, or nil when there is none. What is
// there but is no regular file, such as a link, reads as an empty file with
// mode 0, so that it is replaced; a folder is an error.
func read(dir, p string) (*File, error) {
	name := filepath.Join(dir, filepath.FromSlash(p))
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "replace", Path: name, Err: errors.New("is a directory")}
	}
	if !info.Mode().IsRegular() {
		return &File{Path: p}, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &File{Path: p, Mode: info.Mode().Perm(), Data: data}, nil
}

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
		return syncDir(filepath.Dir(name))
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

// build makes dir, which does not exist, hold files.
func build(dir string, files []File, together *Together) (err error) {
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
		if err := together.write(name, f); err != nil {
			return named(filepath.Join(dir, filepath.FromSlash(f.Path)), err)
		}
	}
	if err := together.sync(slices.Collect(maps.Keys(folders))...); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return together.sync(filepath.Dir(dir))
}

// write creates the file name with f's content and mode, synced.
func write(name string, f File) error {
	return created(name, func(w *os.File) error { return errors.Join(fill(w, f.Mode, f.Data), w.Sync()) })
}

// created has fill write the file name, which it creates.
func created(name string, fill func(*os.File) error) error {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	w, err := os.OpenFile(name, flags, 0o600)
	if errors.Is(err, fs.ErrExist) { // of an Apply that was interrupted
		if err = os.Remove(name); err == nil {
			w, err = os.OpenFile(name, flags, 0o600)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(fill(w), w.Close())
}

// named turns an error about a temporary name into one about name, which is
// what was to be written.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &fs.PathError{Op: "write", Path: name, Err: err}
}

// remove deletes the file p of dir, and the folders it leaves empty.
func remove(dir, p string) error {
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(p))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for p = path.Dir(p); p != "."; p = path.Dir(p) {
		if os.Remove(filepath.Join(dir, filepath.FromSlash(p))) != nil {
			break // others keep something in it
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// temporary names begin with a dot: runsvdir and chpst -e skip them.
func temporary(name string) string {
	return hidden(name, ".tmp")
}

func hidden(name, suffix string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+suffix)
}

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
