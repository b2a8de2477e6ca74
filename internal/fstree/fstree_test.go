package fstree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

func file(path, data string) File { return File{Path: path, Mode: 0o644, Data: []byte(data)} }

// tree is every file below dir: path -> mode and content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = info.Mode().String() + " " + string(data)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func paths(c Changes) string {
	var list []string
	for _, x := range c.List {
		sign := "~"
		if x.Before == nil {
			sign = "+"
		} else if x.After == nil {
			sign = "-"
		}
		list = append(list, sign+x.Path)
	}
	return strings.Join(list, " ")
}

func TestApply(t *testing.T) {
	start := []File{file("run", "a"), file("log/run", "b"), file("env/KEY", "c")}
	for _, c := range []struct {
		name    string
		foreign []File // put there by others
		then    []File
		changes string
		gone    string // a path that must not be there after
	}{
		{"the same again changes nothing", nil, start, "", ""},
		{"content", nil, []File{file("run", "A"), start[1], start[2]}, "~run", ""},
		{"mode", nil, []File{{Path: "run", Mode: 0o755, Data: []byte("a")}, start[1], start[2]}, "~run", ""},
		{"a new file in a new folder", nil, append([]File{file("x/y/z", "d")}, start...), "+x/y/z", ""},
		{"a file that is no longer wanted goes with its folder", nil, []File{start[0], start[1]}, "-env/KEY", "env"},
		{"a folder that others use stays", []File{file("env/OTHER", "o")}, []File{start[0], start[1]}, "-env/KEY", "env/KEY"},
		{"what others have put there stays", []File{file("down", ""), file("supervise/status", "s"), file("log/config", "n5")}, start, "", ""},
		{"a wanted file that others have put there is replaced", []File{file("finish", "theirs")}, append([]File{file("finish", "ours")}, start...), "~finish", ""},
		{"everything at once", []File{file("down", "")}, []File{file("run", "A"), file("services/run", "b")}, "-env/KEY -log/run ~run +services/run", "log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "docker-x")
			planned, err := Apply(dir, start, true)
			if err != nil || len(tree(t, filepath.Dir(dir))) != 0 {
				t.Fatalf("check of a new folder: %v, it holds %v", err, tree(t, filepath.Dir(dir)))
			}
			done, err := Apply(dir, start, false)
			if err != nil || !reflect.DeepEqual(planned, done) || paths(done) != "+env/KEY +log/run +run" {
				t.Fatalf("first Apply = %s, %v; check said %s", paths(done), err, paths(planned))
			}
			for _, f := range c.foreign {
				name := filepath.Join(dir, f.Path)
				if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, f.Data, 0o640)); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, dir)
			planned, err = Apply(dir, c.then, true)
			if err != nil || paths(planned) != c.changes {
				t.Fatalf("check = %q, %v; want %q", paths(planned), err, c.changes)
			}
			if !reflect.DeepEqual(before, tree(t, dir)) {
				t.Error("check has written")
			}
			done, err = Apply(dir, c.then, false)
			if err != nil || !reflect.DeepEqual(planned, done) || !reflect.DeepEqual(planned.Diff(), done.Diff()) {
				t.Fatalf("Apply = %q, %v; check said %q", paths(done), err, paths(planned))
			}
			after := tree(t, dir)
			for _, f := range c.then {
				if want := f.Mode.String() + " " + string(f.Data); after[f.Path] != want {
					t.Errorf("%s is %q, want %q", f.Path, after[f.Path], want)
				}
			}
			for _, f := range c.foreign {
				if !wantedPath(c.then, f.Path) && after[f.Path] != "-rw-r----- "+string(f.Data) {
					t.Errorf("foreign %s is %q, want it as it was", f.Path, after[f.Path])
				}
			}
			if c.gone != "" {
				if _, err := os.Lstat(filepath.Join(dir, c.gone)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is still there", c.gone)
				}
			}
			for p := range after {
				if strings.HasSuffix(p, ".tmp") {
					t.Errorf("temporary file %s is left", p)
				}
			}
			for _, check := range []bool{true, false} {
				if again, err := Apply(dir, c.then, check); err != nil || again.Changed() {
					t.Errorf("again, check %v = %q, %v; want nothing", check, paths(again), err)
				}
			}
		})
	}
}

func wantedPath(files []File, path string) bool {
	for _, f := range files {
		if f.Path == path {
			return true
		}
	}
	return false
}

func TestApplyReplacesLinks(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.WriteFile(outside, []byte("x"), 0o644), os.Symlink(outside, filepath.Join(dir, "run"))); err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(dir, []File{file("run", "x")}, false); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(filepath.Join(dir, "run")); !info.Mode().IsRegular() {
		t.Error("run is still a link")
	}
	if data, _ := os.ReadFile(outside); string(data) != "x" {
		t.Error("the file behind the link was written")
	}
}

func TestApplyRefuses(t *testing.T) {
	for name, files := range map[string][]File{
		"a path outside":    {file("../x", "")},
		"an absolute path":  {file("/x", "")},
		"one path twice":    {file("x", "a"), file("x", "b")},
		"its own manifest":  {file(".rundock", "")},
		"the folder itself": {file(".", "")},
	} {
		var pathErr *fs.PathError
		if _, err := Apply(t.TempDir(), files, false); !errors.As(err, &pathErr) {
			t.Errorf("%s: error = %v, want an *fs.PathError", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, manifest), []byte("../../etc/passwd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(dir, nil, false); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, manifest)) {
		t.Errorf("a manifest with a path outside: error = %v, want one that names it", err)
	}
}

// A file system that is full or read-only leaves everything as it was.
func TestApplyOnFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs root to mount: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	at := filepath.Join(dir, "docker-x")
	first := []File{file("a", "1"), file("b", "1"), file("c", "1")}
	if _, err := Apply(at, first, false); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	long := strings.Repeat("x", 100_000)
	for name, try := range map[string]func() (Changes, error){
		"a file of three": func() (Changes, error) {
			return Apply(at, []File{file("a", "2"), file("b", long), file("d", "2")}, false)
		},
		"a folder that is new": func() (Changes, error) {
			return Apply(filepath.Join(dir, "docker-y"), []File{file("a", "2"), file("b", long)}, false)
		},
	} {
		changes, err := try()
		var pathErr *fs.PathError
		if !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &pathErr) || changes.Changed() {
			t.Errorf("%s: Apply = %q, %v; want ENOSPC with the path, and no change", name, paths(changes), err)
		}
		if after := tree(t, dir); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: the file system holds %v, want %v", name, after, before)
		}
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		at:                               "write " + at + "/a: read-only file system",
		filepath.Join(dir, "docker-new"): "write " + filepath.Join(dir, "docker-new") + ": read-only file system",
	} {
		changes, err := Apply(dir, []File{file("a", "2")}, false)
		if !errors.Is(err, syscall.EROFS) || changes.Changed() || err.Error() != want {
			t.Errorf("read-only: Apply = %q, %v; want %s, and no change", paths(changes), err, want)
		}
	}
}

func TestRemove(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docker-x")
	if _, err := Apply(dir, []File{file("run", "a"), {Path: "env/KEY", Mode: 0o600, Data: []byte("hunter2")}}, false); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "down"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, check := range []bool{true, false} {
		c, err := Remove(dir, check)
		if err != nil || paths(c) != "-env/KEY -run" {
			t.Fatalf("Remove, check %v = %q, %v", check, paths(c), err)
		}
		for _, d := range c.Diff() {
			if strings.Contains(d.Before, "hunter2") {
				t.Errorf("the diff shows a secret: %v", d)
			}
		}
	}
	if left := tree(t, filepath.Dir(dir)); len(left) != 0 {
		t.Errorf("after Remove there is %v", left)
	}
	if c, err := Remove(dir, false); err != nil || c.Changed() {
		t.Errorf("second Remove = %q, %v; want nothing", paths(c), err)
	}
}

func TestDiff(t *testing.T) {
	c := Changes{Dir: "/etc/sv/x", List: []Change{
		{Path: "a", After: &File{Path: "a", Mode: 0o644, Data: []byte("new\n")}},
		{Path: "b", Before: &File{Path: "b", Mode: 0o644, Data: []byte("old\n")}},
		{Path: "c", Before: &File{Mode: 0o644, Data: []byte("x\n")}, After: &File{Mode: 0o755, Data: []byte("x\n")}},
		{Path: "env/K", Before: &File{Mode: 0o600, Data: []byte("s1"), Secret: true}, After: &File{Mode: 0o600, Data: []byte("s2"), Secret: true}},
		{Path: "logo", After: &File{Mode: 0o644, Data: []byte{0xff}}},
	}}
	want := []Diff{
		{"", "new\n", "/dev/null", "/etc/sv/x/a"},
		{"old\n", "", "/etc/sv/x/b", "/dev/null"},
		{"0644\n", "0755\n", "/etc/sv/x/c (mode)", "/etc/sv/x/c (mode)"},
		{"(old secret content)\n", "(new secret content)\n", "/etc/sv/x/env/K", "/etc/sv/x/env/K"},
		{"", "(new content, which is no text: 1 bytes, sha256 a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89)\n", "/dev/null", "/etc/sv/x/logo"},
	}
	if got := c.Diff(); !reflect.DeepEqual(got, want) {
		t.Errorf("Diff\n got  %q\n want %q", got, want)
	}
	for prefix, want := range map[string]bool{"a": true, "env": true, "env/": true, "env/K": true, "en": false, "services": false} {
		if got := c.Touches(prefix); got != want {
			t.Errorf("Touches(%q) = %v, want %v", prefix, got, want)
		}
	}
}

func TestRemove_takes_away_what_interrupted_calls_left_beside(t *testing.T) {
	for _, left := range []string{".web.old", ".web.new"} {
		for _, there := range []bool{true, false} {
			dir := filepath.Join(t.TempDir(), "web")
			beside := filepath.Join(filepath.Dir(dir), left)
			if err := os.MkdirAll(filepath.Join(beside, "env"), 0o755); err != nil {
				t.Fatal(err)
			}
			if there {
				if _, err := Apply(dir, []File{{Path: "run", Mode: 0o755}}, false); err != nil {
					t.Fatal(err)
				}
				os.MkdirAll(filepath.Join(beside, "env"), 0o755)
			}
			if _, err := Remove(dir, true); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(beside); err != nil {
				t.Errorf("%s with %v: check mode removed it", left, there)
			}
			if _, err := Remove(dir, false); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(beside); err == nil {
				t.Errorf("%s is still there (folder there before: %v)", left, there)
			}
		}
	}
}
