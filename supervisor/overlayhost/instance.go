package overlayhost

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
)

// instanceFile has what tells this host, since its boot, from one that was made
// of its image. It is for all networks.
var instanceFile = filepath.Join(control.Dir, "overlay", "instance")

// ReadInstance returns "" where no agent has run since the boot.
func ReadInstance() (string, error) {
	data, err := os.ReadFile(instanceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}

// MakeInstance is ReadInstance that makes one where there is none. Of several
// agents that do at once one is first.
func MakeInstance() (string, error) {
	if there, err := ReadInstance(); err == nil && there != "" {
		return there, nil
	}
	id := make([]byte, 8)
	rand.Read(id)
	if err := putFirst(instanceFile, hex.EncodeToString(id)+"\n"); err != nil {
		return "", fmt.Errorf("tell this host from those with its image: %w", err)
	}
	return ReadInstance()
}

// putFirst makes a file that is not there yet, whole.
func putFirst(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
