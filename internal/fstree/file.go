package fstree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a wanted file.
type File struct {
	Path   string      // slash-separated, relative to the directory
	Mode   fs.FileMode // permission bits
	Data   []byte
	Secret bool // the content is masked in diffs
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
