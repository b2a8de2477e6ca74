package collection

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"time"
)

// tarball returns files, in their order, after the folders that they are in. All are
// root's and as old as when says; nothing else of this machine gets in.
func tarball(files []File, when time.Time) ([]byte, error) {
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed) // with no time and no name
	archive := tar.NewWriter(compressed)
	for _, dir := range folders(files) {
		if err := archive.WriteHeader(header(tar.TypeDir, dir+"/", 0o755, when)); err != nil {
			return nil, fmt.Errorf("pack folder %s: %w", dir, err)
		}
	}
	for _, f := range files {
		mode := int64(0o644)
		if f.Program {
			mode = 0o755
		}
		h := header(tar.TypeReg, f.Path, mode, when)
		h.Size = int64(len(f.Data))
		if err := archive.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.Path, err)
		}
		if _, err := archive.Write(f.Data); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.Path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack the collection: %w", err)
	}
	if err := compressed.Close(); err != nil {
		return nil, fmt.Errorf("compress the collection: %w", err)
	}
	return packed.Bytes(), nil
}

func header(kind byte, name string, mode int64, when time.Time) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name, Mode: mode, ModTime: when.Truncate(time.Second), Uname: "root", Gname: "root", Format: tar.FormatUSTAR}
}
