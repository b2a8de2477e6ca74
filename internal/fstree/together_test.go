package fstree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestTogether_applies_many_directories_at_once(t *testing.T) {
	base := t.TempDir()
	files := func(i int) []File {
		return []File{{Path: "run", Mode: 0o755, Data: fmt.Append(nil, i)}, {Path: "log/run", Mode: 0o750, Data: []byte("log")}}
	}
	apply := func(together *Together, changed bool) {
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				c, err := together.Apply(filepath.Join(base, fmt.Sprint(i)), files(i), false)
				if err != nil || c.Changed() != changed {
					t.Errorf("Apply of %d: changed=%t, %v; want changed=%t", i, c.Changed(), err, changed)
				}
			})
		}
		all.Wait()
	}
	var together Together
	apply(&together, true)
	apply(&together, false)
	apply(nil, false)
	for i := range 40 {
		c, err := Apply(filepath.Join(base, fmt.Sprint(i)), files(i), true)
		if err != nil || c.Changed() {
			t.Errorf("directory %d differs: %+v, %v", i, c, err)
		}
	}
}

func TestTogether_leaves_nothing_of_a_directory_that_cannot_be_written(t *testing.T) {
	base := t.TempDir()
	var together Together
	// A file where a folder has to be.
	_, err := together.Apply(filepath.Join(base, "service"), []File{{Path: "a", Mode: 0o644}, {Path: "a/b", Mode: 0o644}}, false)
	if err == nil {
		t.Fatal("Apply = nil, want an error")
	}
	if left, _ := fs.Glob(os.DirFS(base), "*"); len(left) != 0 {
		t.Errorf("it leaves %v", left)
	}
	if _, err := together.Apply(filepath.Join(base, "service"), []File{{Path: "a", Mode: 0o644}}, false); err != nil {
		t.Errorf("the next Apply: %v", err)
	}
}
