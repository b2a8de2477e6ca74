package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fullDisk has writes to files of the shell's commands fail from here on.
const fullDisk = "trap '' XFSZ; ulimit -f 0\n"

// TestImage_users_tells_a_host_outside_the_limit, whose file stays as it is where it cannot be written. Only the host's own line changes.
func TestImage_users_tells_a_host_outside_the_limit(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("roles/image_users/tasks/told.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, task, found := strings.Cut(string(data), "- name: Tell it to hosts outside the limit\n")
	if !found {
		t.Fatal("told.yml has no such task")
	}
	const line = "node.2:$2a$04$abcdefghijklmnopqrstuv"
	for _, c := range []struct{ name, before, disk, want, says string }{
		{"another password", "node-2:h2\nnode.2:h3\nnode.21:h4\n", "", "node-2:h2\nnode.21:h4\n" + line + "\n", "changed=1"},
		{"its line alone", "node.2:h3\n", "", line + "\n", "changed=1"},
		{"the same password", "ci:h1\n" + line + "\n", fullDisk, "ci:h1\n" + line + "\n", "changed=0"},
		{"a full disk", "ci:h1\nnode.2:h3\n", fullDisk, "ci:h1\nnode.2:h3\n", "failed=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "play.yml", "- hosts: node.2\n  gather_facts: false\n  tasks:\n    - name: Tell it\n"+indented(strings.NewReplacer(
				"f=/etc/rundock/image-users", strings.ReplaceAll(c.disk, "\n", "; ")+"f="+dir+"/image-users", "chown root:docker-registry", "chown root").Replace(task)))
			write(t, dir, "inventory", "node.2\nserver\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n"+
				`rundock_image_users_away=["server"]`+"\n"+`rundock_image_users_line={"stdout": "`+line+`\r\n"}`+"\n")
			write(t, dir, "image-users", c.before)
			out, err := play(t, dir)
			got, _ := os.ReadFile(filepath.Join(dir, "image-users"))
			if string(got) != c.want || (err != nil) != (c.says == "failed=1") || !strings.Contains(out, c.says) {
				t.Errorf("%v, users %q, want %q and %s\n%s", err, got, c.want, c.says, out)
			}
			if _, err := os.Lstat(filepath.Join(dir, "image-users.new")); err == nil {
				t.Error("image-users.new is left")
			}
			if info, err := os.Stat(filepath.Join(dir, "image-users")); c.says == "changed=1" && (err != nil || info.Mode().Perm() != 0o640) {
				t.Errorf("mode of image-users: %v, %v, want 0640", info.Mode(), err)
			}
		})
	}
}

// TestImage_users_ends_where_those_of_before_cannot_be_read, as they would be gone otherwise. Where there are none it goes on.
func TestImage_users_ends_where_those_of_before_cannot_be_read(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("roles/image_users/tasks/told.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, task, found := strings.Cut(string(data), "- name: Read those of before\n")
	task, _, ends := strings.Cut(task, "\n- name: ")
	if !found || !ends {
		t.Fatal("told.yml has no such task")
	}
	dir := t.TempDir()
	write(t, dir, "play.yml", "- hosts: one\n  gather_facts: false\n  tasks:\n    - name: Read them\n"+indented(strings.ReplaceAll(task, "/etc/rundock", dir)))
	write(t, dir, "inventory", "one\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\nrundock_image_registry_here=true\nrundock_image_users_differ=[1]\n")
	if out, err := play(t, dir); err != nil {
		t.Errorf("no file: %v\n%s", err, out)
	}
	if err := os.Mkdir(filepath.Join(dir, "image-users"), 0o755); err != nil { // which root cannot read either
		t.Fatal(err)
	}
	if out, err := play(t, dir); err == nil {
		t.Errorf("what cannot be read is taken for none\n%s", out)
	}
}

// indented is a task of a role as one of a play has it.
func indented(task string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(task, "\n"), "\n", "\n    ") + "\n"
}
