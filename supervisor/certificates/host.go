package certificates

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// host is where certificates are, and what time it is there.
type host struct {
	dir       string // hostconfig.CertificatesDir
	authority string // hostconfig.AuthorityDir
	now       time.Time
}

// folder makes a folder of this mode, whatever the umask: Ansible's is 077.
func folder(dir string, mode fs.FileMode) error {
	if err := folderAbove(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return os.Chmod(dir, mode)
}

// folderAbove makes the folder above dir, where there is none. It is for others' files, too, and everybody passes it.
func folderAbove(dir string) error {
	above := filepath.Dir(dir)
	if _, err := os.Stat(above); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(os.MkdirAll(above, 0o755), os.Chmod(above, 0o755))
}

// Names of the authority's files, the first also where a host has it to judge by.
const (
	authorityCert = "ca.crt"
	authorityKey  = "ca.key"
)
