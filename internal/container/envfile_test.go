package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/spec"
)

// What stands in an env file is in no error: it may be a password.
func TestEnvironment_names_the_line_of_a_file_and_not_its_content(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	for _, c := range []struct{ content, want string }{
		{"# a b\n\nA=1\nPASSWORD=hunter2\xe9\n", "line 4 is not UTF-8"},
		{"A=1\n=hunter2\n", "line 2 has no name before ="},
		{"  = hunter2\n", "line 1 has no name before ="},
		{"MY PASS=hunter2\n", "line 1: a blank is in the name, or no = in the line"},
		{"A=1\nhunter2 or so\n", "line 2: a blank is in the name, or no = in the line"},
		{"A=1\nhunter2 \n", "line 2: a blank is in the name, or no = in the line"},
		{"A=hunter2" + strings.Repeat("2", 1<<16), "line 1 has 65545 bytes, and docker takes 65534"},
	} {
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := environment(spec.Container{EnvFiles: []string{file}}, nil)
		if err == nil || err.Error() != "env file "+file+": "+c.want || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("of %.40q it says %v, want %s", c.content, err, c.want)
		}
	}
}
