package fstree

import (
	"os"
	"path/filepath"
	"testing"
)

func TestThen_what_is_the_same_after_both_is_no_change(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	apply := func(files ...File) Changes {
		t.Helper()
		c, err := Apply(dir, files, false)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	file := func(path, data string) File { return File{Path: path, Mode: 0o644, Data: []byte(data)} }
	apply(file("back", "1"), file("gone", "1"), file("on", "1"))
	first := apply(file("back", "2"), file("on", "2"), file("brief", "2"))
	second := apply(file("back", "1"), file("on", "3"), file("new", "3"))
	var got []string
	for _, c := range first.Then(second).List {
		text := c.Path
		for _, f := range []*File{c.Before, c.After} {
			if f == nil {
				text += " -"
			} else {
				text += " " + string(f.Data)
			}
		}
		got = append(got, text)
	}
	want := []string{"gone 1 -", "new - 3", "on 1 3"}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("first.Then(second) = %q, want %q", got, want)
	}
}

func TestRead_is_what_Apply_wrote(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if files, err := Read(dir); err != nil || files != nil {
		t.Errorf("Read of nothing = %v, %v", files, err)
	}
	if _, err := Apply(dir, []File{{Path: "b/secret", Mode: 0o600, Data: []byte("x"), Secret: true}, {Path: "a", Mode: 0o755, Data: []byte("y")}}, false); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "others"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := Read(dir)
	if err != nil || len(files) != 2 || files[0].Path != "a" || files[0].Secret || files[1].Path != "b/secret" || !files[1].Secret || files[1].Mode != 0o600 || string(files[1].Data) != "x" {
		t.Errorf("Read = %+v, %v; want what was applied", files, err)
	}
	if c, err := Apply(dir, files, true); err != nil || c.Changed() {
		t.Errorf("what was read is a change: %+v, %v", c, err)
	}
}
