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

// answering is a module that says what a host is, or plans for the hosts that did; on the host two it fails where there
// is a file wrong.
const answering = `#!/usr/bin/python3
import json, pathlib, sys
path = pathlib.Path(sys.argv[0])
asked = json.load(sys.stdin)
if path.name.startswith("rundock_info"):
    wrong = path.parents[0].name == "two" and (path.parents[2] / "wrong").exists()
    print(json.dumps({"failed": True, "msg": "its disk is broken"} if wrong else {"changed": False, "facts": {"cpus": 2}}))
else:
    print(json.dumps({"changed": False, "lines": [host + (" answers" if facts else " is away") for host, facts in asked["hosts"].items()], "notes": [], "builds": [], "key_from": ""}))
`

// A host that cannot be reached is planned for as such; one that fails stops the run, which names it.
func TestStack_plans_with_a_host_that_cannot_be_reached(t *testing.T) {
	dir := aRun(t, []string{"shop"})
	for _, name := range []string{"rundock_info", "rundock_stack"} {
		for _, arch := range []string{"amd64", "arm64"} {
			write(t, dir, "programs/linux_"+arch+"/"+name, answering)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "again"), os.DirFS("roles/stack/tasks")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "roles/stack/tasks")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "again"), filepath.Join(dir, "roles/stack/tasks")); err != nil {
		t.Fatal(err)
	}
	args := []string{"-e", "stack=shop", "-e", `{"rundock_stack_leaders": ["one"], "rundock_stack_compose": ["compose.yaml"]}`}
	out, err := play(t, dir, args...)
	for _, want := range []string{"one answers", "two answers", "gone is away"} {
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%v, want %q\n%s", err, want, out)
		}
	}
	write(t, dir, "wrong", "")
	if out, err = play(t, dir, args...); err == nil || !strings.Contains(out, "two: its disk is broken") || strings.Contains(out, "one answers") {
		t.Errorf("a host that fails: %v\n%s", err, out)
	}
}
