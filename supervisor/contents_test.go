package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rundock/internal/spec"
)

func TestContents(t *testing.T) {
	dir := t.TempDir()
	env, profile := filepath.Join(dir, "app.env"), filepath.Join(dir, "seccomp.json")
	c := spec.Container{EnvFiles: []string{env}, SecurityOpt: []string{"no-new-privileges", "seccomp=" + profile}}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	contents := func() string { return Contents([]byte("salt"), "web", c) }
	write(env, "A=1\n")
	write(profile, "{}")
	first := contents()
	for _, step := range []struct {
		name, path, text string
		changed          []string
	}{
		{"written again", env, "A=1\n", nil},
		{"a comment and empty lines", env, "# of the web\n\n  A=1\r\n\n", nil},
		{"another value", env, "A=2\n", []string{env}},
		{"a further variable", env, "A=1\nB=1\n", []string{env}},
		{"trailing space, which is part of a value", env, "A=1 \n", []string{env}},
		{"as before", env, "A=1", nil},
		{"another profile", profile, "{ }", []string{profile}},
		{"both", env, "A=3", []string{env, profile}},
	} {
		write(step.path, step.text)
		if got := Changed(c.Files(), first, contents()); !slices.Equal(got, step.changed) {
			t.Errorf("%s: changed are %q, want %q", step.name, got, step.changed)
		}
	}
	if err := os.Remove(env); err != nil {
		t.Fatal(err)
	}
	if got := Changed([]string{env, profile}, first, contents()); !slices.Equal(got, []string{env, profile}) {
		t.Errorf("a file that is gone: changed are %q", got)
	}
	if got := Changed(c.Files(), OtherContents, first); !slices.Equal(got, c.Files()) {
		t.Errorf("with %q changed are %q, want all", OtherContents, got)
	}
	if got := Changed(c.Files(), "", first); got != nil {
		t.Errorf("nothing is known of the container: changed are %q", got)
	}
	if got := Contents([]byte("salt"), "web", spec.Container{SecurityOpt: []string{"seccomp=unconfined"}}); got != "" {
		t.Errorf("a container made from no file has contents %q", got)
	}
	if again := Contents([]byte("other salt"), "web", c); again == contents() {
		t.Error("contents are not keyed by the salt")
	}
}
