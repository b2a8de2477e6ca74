package build

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// branch writes files, by path, as a branch's; a text that begins with "-> " is a link.
func branch(t *testing.T, files map[string]string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		if target, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func TestContext_has_what_dockerignore_leaves_and_no_file_through_a_link(t *testing.T) {
	root := branch(t, map[string]string{
		"web/.dockerignore": "*\n!src\nDockerfile\n", "web/Dockerfile": "FROM scratch\n", "web/src/a": "a", "web/src/link": "-> /etc/passwd", "web/secret": "s", "web/deep/er/x": "x", "other": "o",
	})
	for _, c := range []struct{ dockerfile, inline, want string }{
		{"", "", ".dockerignore Dockerfile src/ src/a src/link->/etc/passwd"},
		{"../other", "", "src/ src/a src/link->/etc/passwd .dockerignore .rundock.Dockerfile=o"},
		{"", "FROM a", "src/ src/a src/link->/etc/passwd .dockerignore .rundock.Dockerfile=FROM a"},
		{"deep/er/x", "", ".dockerignore deep/er/x src/ src/a src/link->/etc/passwd"},
	} {
		s, err := open(root, "web", c.dockerfile, c.inline)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := s.write(&out, 1<<20); err != nil {
			t.Fatal(err)
		}
		if got := contentsOf(t, &out); got != c.want {
			t.Errorf("with dockerfile %q, inline %q the context has %s, want %s", c.dockerfile, c.inline, got, c.want)
		}
		if err := s.write(io.Discard, 0); err == nil || !strings.Contains(err.Error(), "more than 0 bytes") {
			t.Errorf("a context that is too large: %v", err)
		}
	}
}

func contentsOf(t *testing.T, r io.Reader) string {
	t.Helper()
	var names []string
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(names, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		name := h.Name
		if h.Linkname != "" {
			name += "->" + h.Linkname
		}
		if h.Name == inlineName {
			data, _ := io.ReadAll(in)
			name += "=" + string(data)
		}
		names = append(names, name)
	}
}

func TestOpen_leads_out_of_the_branch_nowhere(t *testing.T) {
	root := branch(t, map[string]string{"Dockerfile": "FROM scratch\n", "out": "-> /etc", "passwd": "-> /etc/passwd", "a/.dockerignore": "-> /etc/passwd", "a/Dockerfile": "x", "b/Dockerfile/x": ""})
	for _, c := range []struct{ context, dockerfile string }{
		{"..", ""}, {"/etc", "passwd"}, {"out", "passwd"}, {".", "passwd"}, {".", "../x"}, {".", "none"}, {"a", ""}, {"b", ""}, {"none", ""}, {".", "/etc/passwd"},
	} {
		if s, err := open(root, c.context, c.dockerfile, ""); err == nil {
			t.Errorf("context %s with dockerfile %q is opened: %q", c.context, c.dockerfile, s.text)
		}
	}
}
