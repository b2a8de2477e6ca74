package fstree

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestReplace_and_Publish_leave_the_new_file_alone(t *testing.T) {
	for _, replace := range []func(string, fs.FileMode, []byte) error{Replace, Publish} {
		dir := t.TempDir()
		name := filepath.Join(dir, "folder", "known.json")
		for _, f := range []File{{Mode: 0o600, Data: []byte("a secret")}, {Mode: 0o644, Data: []byte("no more")}} {
			if err := replace(name, f.Mode, f.Data); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"folder/known.json": f.Mode.String() + " " + string(f.Data)}
			if have := tree(t, dir); !maps.Equal(have, want) {
				t.Errorf("the folder holds %v, want %v", have, want)
			}
		}
	}
}

func TestReplace_by_several_at_once_leaves_the_file_of_one(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	written := map[string]bool{}
	for i := range 8 {
		text := strings.Repeat(fmt.Sprint(i), 10_000)
		written["-rw-r--r-- "+text] = true
		all.Go(func() {
			if err := Replace(filepath.Join(dir, "f"), 0o644, []byte(text)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if have := tree(t, dir); len(have) != 1 || !written[have["f"]] {
		t.Errorf("the folder holds %d files, f none of those written whole: %.40q", len(have), have["f"])
	}
}

func TestCreate_by_several_at_once_succeeds_for_one(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	var made atomic.Int32
	for range 8 {
		all.Go(func() {
			switch err := Create(filepath.Join(dir, "f"), 0o600, []byte("x")); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	all.Wait()
	want := map[string]string{"f": "-rw------- x"}
	if have := tree(t, dir); made.Load() != 1 || !maps.Equal(have, want) {
		t.Errorf("%d succeeded, and the folder holds %v, want %v", made.Load(), have, want)
	}
}

func TestReplace_that_fails_names_the_file(t *testing.T) {
	dir := t.TempDir()
	if err := Replace(filepath.Join(dir, "taken", "f"), 0o644, nil); err != nil {
		t.Fatal(err)
	}
	err := Replace(filepath.Join(dir, "taken"), 0o644, nil)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "taken")) {
		t.Errorf("error = %v, want one with the name", err)
	}
	if have := tree(t, dir); len(have) != 1 {
		t.Errorf("the folder holds %v, want what was there", have)
	}
}
