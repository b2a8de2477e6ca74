package fstree

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
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

func TestJudged_replaces_what_judge_takes_and_leaves_nothing_behind(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(filepath.Join(dir, ".file.tmp123"), nil, 0o600); err != nil { // of one that was killed
		t.Fatal(err)
	}
	attempt := func(text string, verdict error) error {
		return Judged(name, func(w *os.File) error { _, err := w.WriteString(text); return err }, func(temporary string) error {
			if data, err := os.ReadFile(temporary); err != nil || string(data) != text {
				t.Errorf("judge sees %q, %v, want %q", data, err, text)
			}
			return verdict
		})
	}
	no := errors.New("no")
	if err := attempt("old", nil); err != nil {
		t.Fatal(err)
	}
	if err := attempt("new", no); !errors.Is(err, no) {
		t.Errorf("Judged = %v, want what judge said", err)
	}
	data, err := os.ReadFile(name)
	if entries, _ := os.ReadDir(dir); err != nil || string(data) != "old" || len(entries) != 1 {
		t.Errorf("the file has %q, %v, beside it %v; want old, and nothing", data, err, entries)
	}
}
