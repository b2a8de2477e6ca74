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

// A run gives the lock back however it ends; the next one would have to wait otherwise until
// this one is taken for dead. What begin did not take is not given back.
func TestStack_gives_the_lock_back_where_a_run_fails(t *testing.T) {
	dir := t.TempDir()
	copyVariables(t, "stack", filepath.Join(dir, "roles", "stack"))
	tasks, err := os.ReadFile("roles/stack/tasks/run.yml")
	if err != nil {
		t.Fatal(err)
	}
	const fails = "- ansible.builtin.assert: {that: fails != '%'}\n  run_once: true\n"
	for file, text := range map[string]string{
		"inventory":                    "one\ntwo\n",
		"play.yml":                     whichRelease,
		"roles/stack/tasks/main.yml":   string(tasks),
		"roles/stack/tasks/begin.yml":  "- ansible.builtin.set_fact: {rundock_stack_begun: {settle: '{{ settle }}', waves: \"{{ [] if fails == 'begin' else ['a wave'] }}\"}}\n" + strings.Replace(fails, "%", "begin", 1),
		"roles/stack/tasks/settle.yml": strings.Replace(fails, "%", "settle", 1),
		"roles/stack/tasks/roll.yml":   "- ansible.builtin.include_tasks: undo.yml\n",
		"roles/stack/tasks/undo.yml":   strings.Replace(fails, "%", "undo", 1),
		"roles/stack/tasks/step.yml":   "- ansible.builtin.debug: {msg: \"step {{ rundock_stack_step }} of {{ rundock_stack_run | length }} characters\"}\n  run_once: true\n",
	} {
		write(t, dir, file, text)
	}
	for at, ends := range map[string]int{"begin": 0, "settle": 1, "undo": 1, "nothing": 1} {
		out, err := play(t, dir, "-e", "stack=shop settle=undone fails="+at)
		if (err == nil) != (at == "nothing") || strings.Count(out, "step end of 16 characters") != ends {
			t.Errorf("a run of which %s fails: %v, want the lock given back %d times\n%s", at, err, ends, out)
		}
	}
}
