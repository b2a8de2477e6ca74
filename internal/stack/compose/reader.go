package compose

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Reader reads a file of the project. name has slashes; it is relative to the
// folder that the compose files are named from, and may begin with ../, or is
// absolute. Its errors are fs.ErrNotExist, ErrFolder, ErrUnsent, or others that
// end the call.
type Reader func(name string) ([]byte, error)

var (
	// ErrUnsent says that it is not known yet what the file holds, or whether
	// there is one: Load asks for it by Missing.
	ErrUnsent = errors.New("has not been sent")
	// ErrFolder says that there is a folder of that name.
	ErrFolder = errors.New("is a folder")
)

// Missing is that Load needs more files before it can go on: the caller finds
// out about them, and calls again.
type Missing struct{ Names []string }

func (m *Missing) Error() string {
	return "files are needed: " + strings.Join(m.Names, ", ")
}

// FromFS reads the files of a folder. There are none outside of it.
func FromFS(folder fs.FS) Reader {
	return func(name string) ([]byte, error) {
		if !fs.ValidPath(name) {
			return nil, fs.ErrNotExist
		}
		data, err := fs.ReadFile(folder, name)
		if errors.Is(err, syscall.EISDIR) || err != nil && isFolder(folder, name) {
			return nil, ErrFolder
		}
		return data, err
	}
}

func isFolder(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.IsDir()
}

// within is name as a Reader takes it: a path of the files, which is relative
// to dir unless it is absolute.
func within(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// source is a Reader that remembers what it has read, and what it could not.
type source struct {
	read   Reader
	known  map[string]content
	unsent []string
}

type content struct {
	data []byte
	err  error
}

func (s *source) file(name string) ([]byte, error) {
	if c, ok := s.known[name]; ok {
		return c.data, c.err
	}
	data, err := s.read(name)
	if errors.Is(err, ErrUnsent) && !slices.Contains(s.unsent, name) {
		s.unsent = append(s.unsent, name)
	}
	s.known[name] = content{data, err}
	return data, err
}

// missing is an error where files have been asked for that were not sent.
func (s *source) missing() error {
	if len(s.unsent) == 0 {
		return nil
	}
	slices.Sort(s.unsent)
	return &Missing{s.unsent}
}
