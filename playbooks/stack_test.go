package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const whichRelease = `
- hosts: all
  connection: local
  gather_facts: false
  roles: [stack]
`

// The release to go back to has two names, and what is no number is refused and not taken
// for none.
func TestStack_takes_the_release_by_either_name(t *testing.T) {
	dir := t.TempDir()
	copyVariables(t, "stack", filepath.Join(dir, "roles", "stack"))
	if err := os.CopyFS(filepath.Join(dir, "roles/stack/meta"), os.DirFS("roles/stack/meta")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "inventory", "one\n")
	write(t, dir, "play.yml", whichRelease)
	write(t, dir, "roles/stack/tasks/main.yml", "- ansible.builtin.debug: {msg: \"goes back to {{ rundock_stack_release }}.\"}\n")
	for says, want := range map[string]string{
		"stack=shop":                           "goes back to 0.",
		"stack=shop release=6":                 "goes back to 6.",
		"stack=shop stack_release=0 release=6": "goes back to 0.",
		"stack=shop release=v6":                "'rundock_stack_release' is of type",
	} {
		out, err := play(t, dir, "-e", says)
		if wrong := !strings.HasPrefix(want, "goes"); (err != nil) != wrong || !strings.Contains(out, want) {
			t.Errorf("-e %q: %v, want %q\n%s", says, err, want, out)
		}
	}
}
