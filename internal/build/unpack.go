package build

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Unpack writes what a tar in gzip has into folder: folders, files and links, of which none
// leads out of it while it is written. Their times and owners are none of a build's.
func Unpack(folder *os.Root, from io.Reader) error {
	packed, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	for in := tar.NewReader(packed); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return packed.Close()
		}
		if err == nil {
			err = unpackOne(folder, header, in)
		}
		if err != nil {
			return err
		}
	}
}

func unpackOne(folder *os.Root, header *tar.Header, in io.Reader) error {
	name := path.Clean(header.Name)
	if !fs.ValidPath(name) {
		return fmt.Errorf("%q is no path of the context", header.Name)
	}
	mode := header.FileInfo().Mode().Perm()
	if err := folder.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if err := folder.MkdirAll(name, 0o700); err != nil {
			return err
		}
		return folder.Chmod(name, mode|0o700) // this process has to write in it
	case tar.TypeSymlink:
		return folder.Symlink(header.Linkname, name)
	case tar.TypeReg:
	default:
		return fmt.Errorf("%s is neither a file nor a folder nor a link", name)
	}
	file, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, in)
	return errors.Join(err, file.Chmod(mode), file.Close())
}
