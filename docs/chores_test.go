package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A chore is done in one place: what tells of it stands in no other file that
// is shipped.
var chores = []struct {
	chore  string
	text   *regexp.Regexp      // in a string
	called string              // or a function or method called, as package.name or .name
	like   func(ast.Node) bool // or what else it is like
	files  []string            // where it belongs
}{
	{chore: "the path of rundockd", text: regexp.MustCompile(`/usr/local/bin/rundockd`), files: []string{"internal/hostconfig/paths.go"}},
	{chore: "rundock's state folder", text: regexp.MustCompile(`/var/lib/rundock`), files: []string{"internal/hostconfig/paths.go"}},
	{chore: "the machine's id", text: regexp.MustCompile(`^/etc/machine-id$`), files: []string{"internal/hostconfig/machine.go"}},
	{chore: "the addresses of an interface", called: ".Addrs", files: []string{
		// They ask for them, and internal/ifaddr chooses.
		"internal/hostconfig/address.go", "internal/overlay/underlay.go", "dnsd/server/listen.go",
	}},
	{chore: "replacing a file", called: "os.Rename", files: []string{
		"internal/fstree/build.go", "internal/fstree/fstree.go", "internal/fstree/replace.go", "internal/fstree/single.go", "internal/fstree/update.go",
		"dnsd/store/backup.go", "dnsd/store/aside.go", // a folder
		"internal/registry/local/serve/serve.go", // a socket
	}},
	{chore: "locking a file", called: ".Flock", files: []string{"internal/flock/flock.go"}},
	{chore: "a pause that ends when it is told to", like: isPause, files: []string{"internal/pause/pause.go"}},
	{chore: "syncing a folder", called: ".Sync", files: []string{
		"internal/fstree/replace.go", "internal/fstree/write.go",
		"supervisor/logcopy/cursor.go",      // a file that is written in place
		"supervisor/shipper/spool/spool.go", // one that is appended to
	}},
}

func TestEach_chore_is_done_in_one_place(t *testing.T) {
	for file, syntax := range shipped(t) {
		ast.Inspect(syntax, func(n ast.Node) bool {
			text, called := "", ""
			switch n := n.(type) {
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					text, _ = strconv.Unquote(n.Value)
				}
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok {
					called = "." + s.Sel.Name
					if x, ok := s.X.(*ast.Ident); ok {
						called = x.Name + called
					}
				}
			}
			for _, c := range chores {
				found := c.text != nil && c.text.MatchString(text) || c.called != "" && strings.HasSuffix(called, c.called) || c.like != nil && c.like(n)
				if found && !slices.Contains(c.files, file) {
					t.Errorf("%s has its own way of %s; it belongs in %s", file, c.chore, strings.Join(c.files, ", "))
				}
			}
			return true
		})
	}
}

// isPause says whether n is a select that waits for a time or for a context's
// end, and for nothing else.
func isPause(n ast.Node) bool {
	s, ok := n.(*ast.SelectStmt)
	if !ok || len(s.Body.List) != 2 {
		return false
	}
	time, done := false, false
	for _, c := range s.Body.List {
		got, ok := c.(*ast.CommClause).Comm.(*ast.ExprStmt)
		if !ok {
			continue
		}
		switch from := got.X.(*ast.UnaryExpr).X.(type) {
		case *ast.SelectorExpr:
			time = time || from.Sel.Name == "C"
		case *ast.CallExpr:
			if f, ok := from.Fun.(*ast.SelectorExpr); ok {
				time = time || f.Sel.Name == "After"
				done = done || f.Sel.Name == "Done"
			}
		}
	}
	return time && done
}

// A test waits by internal/await, or in the time of testing/synctest. One that sleeps all
// the same says why, on the line or before it.
func TestEach_sleep_of_a_test_says_why(t *testing.T) {
	for _, path := range tracked(t) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		text := read(t, path)
		if strings.Contains(text, `"testing/synctest"`) {
			continue
		}
		before := ""
		for i, line := range strings.Split(text, "\n") {
			if strings.Contains(line, "time.Sleep(") && !strings.Contains(line, "// ") && !strings.HasPrefix(before, "//") {
				t.Errorf("%s:%d sleeps and does not say why: wait by internal/await, or say why a sleep is right", path, i+1)
			}
			before = strings.TrimSpace(line)
		}
	}
}

// A place that no longer does its chore is taken off the list.
func TestEach_place_of_a_chore_is_there(t *testing.T) {
	files := shipped(t)
	for _, c := range chores {
		for _, f := range c.files {
			if files[f] == nil {
				t.Errorf("%s: there is no %s", c.chore, f)
			}
		}
	}
}

// shipped is the code of the programs by file, without tests, what tests
// stand on, and the lab.
func shipped(t *testing.T) map[string]*ast.File {
	t.Helper()
	all := map[string]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin" || strings.HasSuffix(d.Name(), "test") || name == "internal/lab") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		all[name], err = parser.ParseFile(token.NewFileSet(), path, nil, 0)
		return err
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("found %d files: %v", len(all), err)
	}
	return all
}

// The project holds what people wrote: a program built into the tree is left
// out of it.
func TestNo_program_is_tracked(t *testing.T) {
	for _, path := range listed(t) {
		if strings.HasPrefix(read(t, path), "\x7fELF") {
			t.Errorf("%s is a program: git rm it", path)
		}
	}
}
