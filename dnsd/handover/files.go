package handover

import (
	"errors"
	"io/fs"
	"os"
)

// Files are the contents of files by path, nil where there is none.
type Files map[string][]byte

// Read is os.ReadFile for files that were handed over.
func (f Files) Read(path string) ([]byte, error) {
	if content := f[path]; content != nil {
		return content, nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// noting is os.ReadFile that keeps what it read.
func (f Files) noting(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err == nil && content == nil {
		content = []byte{}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		f[path] = content
	}
	return content, err
}
