package compose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

// key of tests' secrets.
var testKey = []byte("key of tests")

// archive is a folder of files, out of a txtar archive.
func archive(text string) fstest.MapFS { return filesOf(txtar.Parse([]byte(text))) }

func filesOf(a *txtar.Archive) fstest.MapFS {
	files := fstest.MapFS{}
	for _, f := range a.Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return files
}

// readCase reads an archive of testdata/stacks: the call that it is of reads files.
func readCase(t *testing.T, path string) (a *txtar.Archive, in Input, files fstest.MapFS) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in, files = callOf(t, string(a.Comment)), filesOf(a)
	in.Read = FromFS(files)
	return a, in, files
}

// load loads compose.yaml of files.
func load(t *testing.T, files fs.FS, change ...func(*Input)) (Result, error) {
	t.Helper()
	in := Input{Name: "shop", Files: []string{"compose.yaml"}, Read: FromFS(files), Key: testKey}
	for _, c := range change {
		c(&in)
	}
	return Load(context.Background(), in)
}

// TestCases goes through the archives of testdata/stacks. The comment of each
// has a line `# ...` that says what it shows; `files: a b`, `profiles: a`,
// `env: A=b`, `scale: web=2` and `name: x` are of the call. Beside the project's
// files it has `model.json`, the model as people read it, or `refused`, the
// error; `notes`; and `same`, the compose file that means the same.
func TestCases(t *testing.T) {
	archives, err := filepath.Glob("testdata/stacks/*.txtar")
	if err != nil || len(archives) < 20 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { testCase(t, path) })
	}
}

func testCase(t *testing.T, path string) {
	a, in, files := readCase(t, path)
	want := map[string]string{}
	kept := []txtar.File{}
	for _, f := range a.Files {
		switch f.Name {
		case "model.json", "refused", "notes", "inactive":
			want[f.Name] = string(f.Data)
			delete(files, f.Name)
		default:
			kept = append(kept, f)
		}
	}
	got := told(Load(context.Background(), in))
	if *update {
		a.Files = kept
		for _, name := range []string{"refused", "notes", "inactive", "model.json"} {
			if got[name] != "" {
				a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(got[name])})
			}
		}
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, name := range []string{"refused", "notes", "inactive", "model.json"} {
		if got[name] != want[name] {
			t.Errorf("%s is\n%swant\n%s", name, got[name], want[name])
		}
	}
	if files["same.yaml"] != nil && got["refused"] == "" {
		in.Files = []string{"same.yaml"}
		if same := told(Load(context.Background(), in)); same["model.json"] != got["model.json"] {
			t.Errorf("same.yaml is\n%s%swant\n%s", same["refused"], same["model.json"], got["model.json"])
		}
	}
}

// told is a result as golden files have it.
func told(r Result, err error) map[string]string {
	out := map[string]string{}
	var wrong Errors
	switch {
	case errors.As(err, &wrong):
		for _, f := range wrong {
			out["refused"] += f.String() + "\n"
		}
		return out
	case err != nil:
		out["refused"] = "error: " + err.Error() + "\n"
		return out
	}
	for _, n := range r.Notes {
		out["notes"] += n.String() + "\n"
	}
	for _, name := range r.Inactive {
		out["inactive"] += name + "\n"
	}
	out["model.json"] = readable(r.Stack.JSON())
	return out
}

// callOf reads the lines of a comment that are of the call.
func callOf(t *testing.T, comment string) Input {
	t.Helper()
	in := Input{Name: "shop", Files: []string{"compose.yaml"}, Key: testKey, Env: map[string]string{}, Scale: map[string]int{}, Secrets: map[string]Secret{}, Configs: map[string][]byte{}}
	for line := range strings.Lines(comment) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		values := strings.Fields(rest)
		name, value, _ := strings.Cut(strings.TrimSpace(rest), "=")
		switch word {
		case "files":
			in.Files = values
		case "profiles":
			in.Profiles = values
		case "name":
			in.Name = strings.TrimSpace(rest)
		case "env":
			in.Env[name] = value
		case "secret":
			in.Secrets[name] = Secret(value)
		case "config":
			in.Configs[name] = []byte(value)
		case "scale":
			n := 0
			if _, err := fmt.Sscan(value, &n); err != nil {
				t.Fatal(err)
			}
			in.Scale[name] = n
		default:
			if word != "" && !strings.HasPrefix(word, "#") {
				t.Fatalf("a line of the comment is of nothing: %q", line)
			}
		}
	}
	return in
}

// TestFilesOfOthers goes through all files that other people wrote: each loads,
// or is refused in the words of testdata/cases.golden.
func TestFilesOfOthers(t *testing.T) {
	var b strings.Builder
	count := 0
	root := os.DirFS("testdata/cases")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".yml", ".yaml"}, filepath.Ext(path)) {
			return err
		}
		count++
		folder, err := fs.Sub(root, filepath.ToSlash(filepath.Dir(path)))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "== %s\n", path)
		r, err := Load(context.Background(), Input{Name: "shop", Files: []string{filepath.Base(path)}, Read: FromFS(folder), Key: testKey, Env: caseEnv[path]})
		b.WriteString(outcome(r, err))
		return nil
	})
	if err != nil || count < 90 {
		t.Fatalf("%d files, %v", count, err)
	}
	golden(t, "testdata/cases.golden", b.String())
}

// The models of the files that are run whole elsewhere, as golden files.
func TestModels_of_whole_stacks(t *testing.T) {
	for name, in := range map[string]Input{
		"nodes":      {Files: []string{"classic/nodes.yml"}, Scale: map[string]int{"consul": 3, "registrator": 3, "haproxy": 3, "apache": 6}},
		"redmine":    {Files: []string{"classic/redmine.yml"}},
		"voting-app": {Files: []string{"example-voting-app/docker-stack.yml"}},
	} {
		in.Name, in.Read = name, FromFS(os.DirFS("testdata/cases"))
		r, err := Load(context.Background(), in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		golden(t, "testdata/models/"+name+".json", readable(r.Stack.JSON()))
	}
}

// caseEnv are variables that those who wrote a file would give it.
var caseEnv = map[string]map[string]string{
	"awesome-compose/plex/compose.yaml": {"PLEX_MEDIA_PATH": "/srv/media"},
}

func outcome(r Result, err error) string {
	var b strings.Builder
	got := told(r, err)
	for line := range strings.Lines(got["refused"]) {
		b.WriteString("refused: " + line)
	}
	if err != nil {
		return b.String()
	}
	b.WriteString("loads:")
	for _, name := range sortedKeys(r.Stack.Services) {
		fmt.Fprintf(&b, " %s", name)
		switch s := r.Stack.Services[name]; {
		case s.Global:
			b.WriteString("/global")
		case s.Replicas != 1:
			fmt.Fprintf(&b, "/%d", s.Replicas)
		}
		if r.Stack.Services[name].Job {
			b.WriteString("/job")
		}
	}
	b.WriteString("\n")
	for _, name := range r.Inactive {
		b.WriteString("inactive: " + name + "\n")
	}
	for _, n := range r.Notes {
		b.WriteString("note: " + n.String() + "\n")
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now, before := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(now), len(before)) {
		if i >= len(now) || i >= len(before) || now[i] != before[i] {
			t.Errorf("%s: from line %d on it is\n%s\nwant\n%s", path, i+1, strings.Join(now[min(i, len(now)):min(i+3, len(now))], "\n"), strings.Join(before[min(i, len(before)):min(i+3, len(before))], "\n"))
			return
		}
	}
}
