package fstree

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func writes(text string, err error) func(io.Writer) error {
	return func(w io.Writer) error {
		io.WriteString(w, text)
		return err
	}
}

func TestStream_names_the_file_and_never_the_temporary_one(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(taken, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, c := range []struct {
		path, want string
		write      func(io.Writer) error
	}{
		{filepath.Join(full.Name(), "file"), "write /dev/full/file: not a directory", writes("x", nil)},
		{filepath.Join(dir, "file"), "write " + dir + "/file: no space left on device", func(io.Writer) error { _, err := full.WriteString("x"); return err }},
		{taken, "write " + taken + ": file exists", writes("x", nil)},
	} {
		if _, err := Stream(c.path, c.write); err == nil || err.Error() != c.want {
			t.Errorf("Stream(%q) = %v, want %s", c.path, err, c.want)
		}
	}
}

func TestStream(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "version")
	holds := func(t *testing.T, want string) {
		t.Helper()
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 || files[0].Name() != "version" {
			t.Errorf("the folder holds %v, %v, want the file alone", files, err)
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != want {
			t.Errorf("the file holds %q, %v, want %q", have, err, want)
		}
	}
	t.Run("makes a file that is not there, for its owner alone", func(t *testing.T) {
		size, err := Stream(path, writes("first\n", nil))
		if err != nil || size != 6 {
			t.Errorf("Stream = %d, %v", size, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("the file is %v, %v, want mode 0600", info, err)
		}
		holds(t, "first\n")
	})
	t.Run("removes what a crash left, also of an earlier release", func(t *testing.T) {
		for _, left := range []string{".version.tmp123", ".version-123"} {
			if err := os.WriteFile(filepath.Join(dir, left), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Stream(path, writes("second\n", nil)); err != nil {
			t.Error(err)
		}
		holds(t, "second\n")
	})
	t.Run("leaves the old file where it is not written whole", func(t *testing.T) {
		full := errors.New("no space left")
		if size, err := Stream(path, writes("thi", full)); !errors.Is(err, full) || size != 0 {
			t.Errorf("Stream = %d, %v, want the error of the writer", size, err)
		}
		holds(t, "second\n")
	})
}
