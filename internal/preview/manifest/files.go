package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"rundock/internal/stack/compose"
)

// Usual are the names of a compose file, the best first, as docker compose has them.
var Usual = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// fileAtMost is how large a file may be that a compose file names, or is one, in bytes.
const fileAtMost = 4 << 20

// usual is the compose file of a tree that names none.
func usual(tree fs.FS) (string, error) {
	for _, name := range Usual {
		if _, err := fs.Stat(tree, name); err == nil {
			return name, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s: %w", name, outside(err))
		}
	}
	return "", fmt.Errorf("the branch has no compose file: want one of %s, or name it in the repository's settings", strings.Join(Usual, ", "))
}

// errOutside is a path that leads out of the branch's tree, by its name or by a link.
var errOutside = errors.New("it is outside of the branch's files, which alone are read")

// reader reads files of the tree. What is outside is an error also where a file may
// be missing.
func reader(tree fs.FS) compose.Reader {
	return func(name string) ([]byte, error) {
		if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
			return nil, errOutside
		}
		file, err := tree.Open(name)
		if err != nil {
			return nil, outside(err)
		}
		defer file.Close()
		info, err := file.Stat()
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, compose.ErrFolder
		case !info.Mode().IsRegular():
			return nil, errors.New("it is no file")
		case info.Size() > fileAtMost:
			return nil, fmt.Errorf("it has %d bytes, at most %d are read", info.Size(), fileAtMost)
		}
		return io.ReadAll(io.LimitReader(file, fileAtMost))
	}
}

// outside is err, of an os.Root, in our words where it says that a link leads out.
func outside(err error) error {
	if strings.HasSuffix(err.Error(), "path escapes from parent") { // os has no name for it
		return errOutside
	}
	return err
}
