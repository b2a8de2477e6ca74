package module

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStart_says_why_a_program_did_not_do_it(t *testing.T) {
	dir := t.TempDir()
	path := func(name string, mode os.FileMode, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct{ name, program, want string }{
		{"it is not there", filepath.Join(dir, "rundockd"), "rundockd is not installed: stat "},
		{"it is no program", path("notes", 0o644, "x"), "notes is not installed: " + dir + "/notes is no executable file"},
		{"it is one of another machine", path("alien", 0o755, "\x7fELF"), "alien cannot be started: fork/exec"},
		{"it was killed", path("killed", 0o755, "#!/bin/sh\nkill -9 $$\n"), "killed try web: signal: killed"},
		{"it failed and said so", path("wrong", 0o755, "#!/bin/sh\necho \"wrong $1: no: such $2\" >&2; exit 2\n"), "no: such web"},
		{"it failed and began otherwise", path("other", 0o755, "#!/bin/sh\necho 'panic: oh' >&2; exit 2\n"), "panic: oh"},
		{"it failed silently", path("silent", 0o755, "#!/bin/sh\nexit 7\n"), "silent try web: exit status 7"},
		{"it ended well", path("well", 0o755, "#!/bin/sh\ncat; echo note >&2\n"), ""},
	} {
		o, err := Start(c.program, []byte("in"), "try", "web")
		if err == nil {
			err = o.Err()
		}
		switch {
		case c.want == "" && (err != nil || string(o.Stdout) != "in" || o.Stderr != "note"):
			t.Errorf("%s: %+v, %v", c.name, o, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestAnswer_refuses_another_release(t *testing.T) {
	for out, want := range map[string]string{
		`{"version":1}`: "",
		`{"version":2}`: "it is of version 2, not 1",
		``:              "unexpected end of JSON input",
	} {
		var answer struct{ Version int }
		err := Output{Stdout: []byte(out), command: "rundockd switch"}.Answer(&answer, &answer.Version)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "the answer of rundockd switch cannot be read: "+want)) {
			t.Errorf("%s: %v, want %q", out, err, want)
		}
	}
}
