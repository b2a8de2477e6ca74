package mirror

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/preview/gittest"
)

func fetched(t *testing.T, r *gittest.Repository, branch string) (Folder, string) {
	t.Helper()
	f := folder(t)
	return f, must(f.Fetch(t.Context(), "shop", Source{URL: r.HTTP("", "")}, branch))(t)
}

func TestExport_writes_what_a_commit_holds_and_no_more(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(map[string]string{".gitattributes": "*.txt export-ignore\nid export-subst ident eol=crlf\n", "a.txt": "kept", "id": "$Format:%H$\n", "bin/run": "#!/bin/sh\n", "large": strings.Repeat("x", 1<<20), "empty": ""})
	for from, to := range map[string]string{"out": "/etc/passwd", "up": "../../../etc", "in": "bin/run"} {
		if err := os.Symlink(to, filepath.Join(r.Dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(r.Dir, "bin/run"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git("add", "--all")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",vendor/lib")
	r.Git("commit", "--quiet", "--message", "all kinds")
	f, commit := fetched(t, r, "main")
	dir := filepath.Join(t.TempDir(), "tree")
	for _, name := range []string{"first", "again, over what is there"} {
		submodules, err := f.Export(t.Context(), "shop", commit, dir)
		if err != nil || fmt.Sprint(submodules) != "[vendor/lib]" {
			t.Fatalf("%s: submodules %v, %v", name, submodules, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "left"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	os.Remove(filepath.Join(dir, "left"))
	out, err := exec.Command("sh", "-c", "cd "+dir+" && find . -mindepth 1 -printf '%P %M %l\n' | sort").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := `.gitattributes -rw-r--r-- 
a.txt -rw-r--r-- 
bin drwxr-xr-x 
bin/run -rwxr-xr-x 
empty -rw-r--r-- 
id -rw-r--r-- 
in lrwxrwxrwx bin/run
large -rw-r--r-- 
out lrwxrwxrwx /etc/passwd
up lrwxrwxrwx ../../../etc
vendor drwxr-xr-x 
vendor/lib drwxr-xr-x 
`
	if string(out) != want {
		t.Errorf("the folder has\n%swant\n%s", out, want)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "id")); err != nil || string(data) != "$Format:%H$\n" {
		t.Errorf("attributes were acted on: %q, %v", data, err)
	}
}

// A tree that git's own commands would not make: objects are written as they are.
func TestExport_refuses_a_tree_that_leads_out(t *testing.T) {
	t.Parallel()
	for name, tree := range map[string]func(r *gittest.Repository, blob, link string) string{
		"..":   func(_ *gittest.Repository, blob, _ string) string { return entryOf("100644", "..", blob) },
		"../x": func(_ *gittest.Repository, blob, _ string) string { return entryOf("100644", "../x", blob) },
		".git": func(_ *gittest.Repository, blob, _ string) string { return entryOf("100644", ".GIT", blob) },
		"twice": func(_ *gittest.Repository, blob, _ string) string {
			return entryOf("100644", "a", blob) + entryOf("100644", "a", blob)
		},
		"link first": func(r *gittest.Repository, blob, link string) string {
			return entryOf("120000", "a", link) + entryOf("40000", "a", object(r, "tree", entryOf("100644", "x", blob)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			r.Commit("main", nil)
			outside := t.TempDir()
			blob, link := object(r, "blob", "owned"), object(r, "blob", outside)
			id := object(r, "tree", tree(r, blob, link))
			r.Git("update-ref", "refs/heads/main", r.Git("commit-tree", "-m", "x", id))
			f, commit := fetched(t, r, "main")
			_, err := f.Export(t.Context(), "shop", commit, filepath.Join(t.TempDir(), "tree"))
			if err == nil {
				t.Error("such a tree is written")
			}
			if left, _ := os.ReadDir(outside); len(left) > 0 {
				t.Errorf("%v is written outside of the folder", left)
			}
		})
	}
}

// entryOf is an entry of a tree object.
func entryOf(mode, name, id string) string {
	var raw strings.Builder
	for i := 0; i < len(id); i += 2 {
		var b byte
		fmt.Sscanf(id[i:i+2], "%02x", &b)
		raw.WriteByte(b)
	}
	return mode + " " + name + "\x00" + raw.String()
}

// object writes an object as it is, and returns its id.
func object(r *gittest.Repository, kind, data string) string {
	path := filepath.Join(r.Dir, ".object")
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		panic(err)
	}
	defer os.Remove(path)
	return r.Git("hash-object", "--literally", "-t", kind, "-w", path)
}

func TestTree_is_the_same_for_the_same_files(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("main", map[string]string{"web/Dockerfile": "FROM scratch\n", "db/x": "1"})
	f, first := fetched(t, r, "main")
	r.Commit("main", map[string]string{"db/x": "2"})
	second := must(f.Fetch(t.Context(), "shop", Source{URL: r.HTTP("", "")}, "main"))(t)
	at := func(commit, folder string) string { return must(f.Tree(t.Context(), "shop", commit, folder))(t) }
	if at(first, "web") != at(second, "web") || at(first, "db") == at(second, "db") || at(first, ".") == at(second, ".") {
		t.Error("trees do not tell folders that changed from others")
	}
	for _, folder := range []string{"none", "../x", "/etc", "", "web/../db"} {
		if id, err := f.Tree(t.Context(), "shop", first, folder); err == nil {
			t.Errorf("Tree of %q = %s", folder, id)
		}
	}
	if _, err := f.Tree(t.Context(), "shop", "--all", "."); err == nil {
		t.Error("an option is taken for a commit")
	}
}

func TestParseTree_refuses(t *testing.T) {
	id := strings.Repeat("a", 40)
	for name, record := range map[string]string{
		"a size that is none":     "100644 blob " + id + "    x\ta",
		"too much":                "100644 blob " + id + " 3000000000\ta",
		"a mode that git has not": "100600 blob " + id + " 1\ta",
		"an absolute path":        "100644 blob " + id + " 1\t/etc/passwd",
		"a path upwards":          "100644 blob " + id + " 1\ta/../../b",
		"a folder of git's":       "100644 blob " + id + " 1\ta/.git/config",
		"a link that is too long": "120000 blob " + id + " 5000\ta",
		"half a record":           "100644 blob",
	} {
		if _, err := parseTree([]byte(record + "\x00")); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	entries, err := parseTree([]byte("100755 blob " + id + "     12\ta b\x00160000 commit " + id + "       -\tlib\x00"))
	if err != nil || len(entries) != 2 || entries[0].size != 12 || !entries[1].submodule() {
		t.Errorf("parseTree = %v, %v", entries, err)
	}
}
