package playbooks

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/build"
)

// writesContext has the action plugin say what a folder holds, and write it as it is sent.
const writesContext = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("plugin", "plugins/action/rundock_stack.py")
plugin = importlib.util.module_from_spec(spec)
spec.loader.exec_module(plugin)
folder, ignore, packed = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
told = plugin.project_tree({"folder": folder, "ignore": ignore})
with open(packed, "wb") as file:
    assert told == {"tree": plugin.Context(folder, ignore).write(file)}
print(told["tree"])
`

// context has the plugin send a folder with its .dockerignore; it returns its id and what arrives.
func context(t *testing.T, folder string) (tree string, arrives []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := build.Rules(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var ignore []map[string]any
	for _, r := range rules {
		ignore = append(ignore, map[string]any{"pattern": r.Pattern, "keep": r.Keep})
	}
	said, err := json.Marshal(ignore)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "packed")
	out, err := exec.Command("/usr/bin/python3", "-B", "-c", writesContext, folder, string(said), packed).Output()
	if err != nil {
		t.Fatalf("the plugin: %v: %s", err, err.(*exec.ExitError).Stderr)
	}
	got := t.TempDir()
	root, err := os.OpenRoot(got)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	file, err := os.Open(packed)
	if err == nil {
		defer file.Close()
		err = build.Unpack(root, file)
	}
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		what := info.Mode().String() + " " + name
		switch data, _ := root.ReadFile(name); {
		case info.Mode()&fs.ModeSymlink != 0:
			target, _ := root.Readlink(name)
			what += " -> " + target
		case !d.IsDir():
			what += " " + string(data)
		}
		arrives = append(arrives, what)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), arrives
}

func TestContext_is_sent_as_dockerignore_says_and_known_by_what_it_holds(t *testing.T) {
	files := map[string]string{".dockerignore": "**/*.log\nnode_modules\nsrc/*\n!src/kept\n", "Dockerfile": "FROM scratch\n", "a.log": "", "deep/er/b.log": "", "deep/er/c": "c", "node_modules/x/y": "", "src/kept/z": "z", "src/not": ""}
	made := func() string {
		folder := t.TempDir()
		for name, text := range files {
			path := filepath.Join(folder, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("../Dockerfile", filepath.Join(folder, "deep/link")); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	tree, arrives := context(t, made())
	want := "-rw-r----- .dockerignore " + files[".dockerignore"] + "\n-rw-r----- Dockerfile FROM scratch\n\ndrwxr-xr-x deep\ndrwxr-xr-x deep/er\n-rw-r----- deep/er/c c\nLrwxrwxrwx deep/link -> ../Dockerfile\ndrwxr-xr-x src\ndrwxr-xr-x src/kept\n-rw-r----- src/kept/z z"
	if got := strings.Join(arrives, "\n"); got != want {
		t.Errorf("what arrives is\n%s\nwant\n%s", got, want)
	}
	if again, _ := context(t, made()); again != tree || len(tree) != 64 {
		t.Errorf("another folder of the same files is %s, want %s", again, tree)
	}
	files["deep/er/b.log"] = "another"
	if again, _ := context(t, made()); again != tree {
		t.Error("what is left out makes it another one")
	}
	files["deep/er/c"] = "d"
	if again, _ := context(t, made()); again == tree {
		t.Error("another file is the same")
	}
}
