package collection

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ansibleTest has the sanity checks of Debian's ansible-core.
const ansibleTest = "/usr/lib/python3/dist-packages/ansible_test/_util/controller/sanity/"

// python is the interpreter of Debian's ansible-core: there may be another one in PATH.
const python = "/usr/bin/python3"

// Those checks that ansible-test runs by its own Python alone. It would install what the others need from the
// network: of these, TestSanity runs what looks at documentation and form by Debian's packages; import, pylint and
// ansible-doc are left out: the last is looked at by TestCollection.
var sanity = []string{
	"action-plugin-docs", "changelog", "compile", "empty-init", "future-import-boilerplate", "ignores", "line-endings", "metaclass-boilerplate",
	"no-assert", "no-basestring", "no-dict-iteritems", "no-dict-iterkeys", "no-dict-itervalues", "no-get-exception", "no-illegal-filenames",
	"no-main-display", "no-smart-quotes", "no-unicode-literals", "replace-urlopen", "shebang", "symlinks", "use-argspec-type-path", "use-compat-six",
}

// TestSanity runs ansible-test's sanity checks on the collection.
func TestSanity(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(ansibleTest); err != nil {
		t.Skip("ansible is not installed")
	}
	if _, err := os.Stat("/usr/lib/python3/dist-packages/voluptuous"); err != nil {
		t.Skip("python3-voluptuous is not installed")
	}
	for _, name := range []string{"pycodestyle", "yamllint"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(name + " is not installed")
		}
	}
	top := t.TempDir()
	dir := filepath.Join(top, "ansible_collections/rundock/rundock")
	unpack(t, build(t, source(t)), dir)
	run := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+top, "LC_ALL=C.UTF-8", "ANSIBLE_COLLECTIONS_PATH="+top, "PYTHONPATH="+ansibleTest+"validate-modules")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out)
	}
	var chosen []string
	for _, name := range sanity {
		chosen = append(chosen, "--test", name)
	}
	documented := glob(t, dir, "plugins/modules/*.py")
	for name, check := range map[string]func(*testing.T){
		"ansible-test": func(t *testing.T) {
			out := run(t, "ansible-test", slices.Concat([]string{"sanity", "--python", "3.11"}, chosen)...)
			if strings.Contains(out, "ERROR") || !strings.Contains(out, "Running sanity test \""+sanity[len(sanity)-1]+"\"") {
				t.Error(out)
			}
		},
		"validate-modules": func(t *testing.T) {
			out := run(t, python, ansibleTest+"validate-modules/validate.py", "--format", "plain", "--arg-spec", "--collection", "ansible_collections/rundock/rundock", "plugins/modules")
			for line := range strings.Lines(read(t, dir+"/tests/sanity/ignore-2.14.txt")) {
				path, code, _ := strings.Cut(strings.TrimSpace(line), " validate-modules:")
				found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(path) + `:0:0: E` + code + ` .*\n`)
				if !found.MatchString(out) {
					t.Errorf("%s of %s is ignored, and is not there", code, path)
				}
				out = found.ReplaceAllString(out, "")
			}
			if out != "" {
				t.Error(out)
			}
		},
		"pep8": func(t *testing.T) {
			ignored := strings.Join(strings.Fields(read(t, ansibleTest+"pep8/current-ignore.txt")), ",")
			if out := run(t, "pycodestyle", "--config", "/dev/null", "--max-line-length", "160", "--ignore", ignored, "plugins"); out != "" {
				t.Error(out)
			}
		},
		"yamllint": func(t *testing.T) {
			paths := slices.Concat(documented, glob(t, dir, "*/*.yml"), glob(t, dir, "roles/*/*/*.yml"))
			if out := run(t, python, append([]string{ansibleTest + "yamllint/yamllinter.py"}, paths...)...); !strings.Contains(out, `"messages": []`) {
				t.Error(out)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t)
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// glob returns files of dir, of which there must be some, by their paths in it.
func glob(t *testing.T, dir, pattern string) (paths []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no file is %s: %v", pattern, err)
	}
	for _, path := range found {
		paths = append(paths, strings.TrimPrefix(path, dir+"/"))
	}
	return paths
}

func unpack(t *testing.T, tarball []byte, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "tar", "-xz", "-C", dir)
	cmd.Stdin = bytes.NewReader(tarball)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("unpack the collection: %v\n%s", err, out)
	}
}
