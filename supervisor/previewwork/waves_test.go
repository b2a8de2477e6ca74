package previewwork

import (
	"os"
	"path/filepath"
	"testing"
)

// A wave says of files that nobody needs, or of the folder of a stack that this host has nothing of any more.
func TestRemoveFiles_takes_files_and_folders(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"one/a", "one/b", "two/a", "kept/a", "kept/b"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stale := []string{"one/a", "one/b", "two", "kept/a", "never/was"}
	for i, name := range stale {
		stale[i] = filepath.Join(dir, name)
	}
	if err := removeFiles(stale); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(dir + "/*/*")
	if err != nil || len(left) != 1 || left[0] != filepath.Join(dir, "kept/b") {
		t.Errorf("%q are left, %v, want kept/b", left, err)
	}
	if folders, err := filepath.Glob(dir + "/*"); err != nil || len(folders) != 1 {
		t.Errorf("%q are left, %v, want kept", folders, err)
	}
}
