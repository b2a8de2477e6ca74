package fstree

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on demand")
	one, other := File{Path: "a.json", Mode: 0o644, Data: []byte("1\n")}, File{Path: "a.json", Mode: 0o600, Data: []byte("2\n")}
	put := func(f File, check bool) Changes {
		t.Helper()
		c, err := Put(dir, f, check)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := put(one, true); !c.Changed() || c.List[0].Before != nil {
		t.Errorf("check of a new file = %+v, want it to be made", c)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("check made the folder")
	}
	put(one, false)
	if err := os.WriteFile(filepath.Join(dir, "others"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if c := put(one, false); c.Changed() {
		t.Errorf("a second Put changes %+v", c)
	}
	if c := put(other, false); !c.Changed() || string(c.List[0].Before.Data) != "1\n" {
		t.Errorf("another content = %+v, want the old one before it", c)
	}
	info, err := os.Stat(filepath.Join(dir, "a.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want mode 0600", info, err)
	}
	for _, step := range []struct{ check, changed bool }{{true, true}, {false, true}, {false, false}} {
		if c, err := Delete(dir, "a.json", step.check); err != nil || c.Changed() != step.changed {
			t.Errorf("Delete, check %v = %+v, %v; want changed %v", step.check, c, err, step.changed)
		}
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 || entries[0].Name() != "others" {
		t.Errorf("the folder holds %v, want what others keep there alone", entries)
	}
	if _, err := Put(dir, File{Path: "../a"}, false); err == nil {
		t.Error("a path outside the folder is accepted")
	}
}
