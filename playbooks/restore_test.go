package playbooks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRestore_changes_nothing_anywhere_where_one_host_refuses, and where a later step fails says how the store comes back.
func TestRestore_changes_nothing_anywhere_where_one_host_refuses(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 32)
	const downAndUp = "sv -w 30 down dnsd, store stop, "
	for _, c := range []struct {
		name, backup, key, fails string // fails is a host and what its dnsd fails at
		did                      map[string]string
		says                     string
	}{
		{"damaged", "half", "short", "", nil, "nothing was changed: one: broken; one: the key of stacks' secrets beside the backup has 5 bytes, want 32; two: "},
		{"key-cannot-be-written", "whole", key, "two etc", nil, "nothing was changed: two: "},
		{"stop", "whole", key, "two stop", map[string]string{
			"one": downAndUp + "sv up dnsd", "two": downAndUp + "sv up dnsd", "three": downAndUp + "sv up dnsd",
		}, "the store has its data of before, and dnsd was started again: two: stop fails."},
		{"restore", "whole", key, "one restore", map[string]string{
			"one": downAndUp + "store restore, sv up dnsd", "two": downAndUp + "sv up dnsd", "three": downAndUp + "sv up dnsd",
		}, "the store has its data of before, and dnsd was started again: one: restore fails."},
		{"data-cannot-be-put-aside", "whole", key, "three data", map[string]string{
			"one": downAndUp + "store restore, sv up dnsd", "two": downAndUp + "sv up dnsd", "three": strings.TrimSuffix(downAndUp, ", "),
		}, "one has the data of the backup, and not all is done: three: "},
		{"well", "whole", key, "", map[string]string{
			"one": downAndUp + "store restore, sv up dnsd", "two": downAndUp + "sv up dnsd", "three": downAndUp + "sv up dnsd",
		}, "site.yml goes on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			restoringIn(t, dir)
			write(t, dir, "b.db", c.backup+"\n")
			write(t, dir, "b.stack.key", c.key)
			host, at, _ := strings.Cut(c.fails, " ")
			switch at {
			case "":
			case "data":
				if err := os.RemoveAll(filepath.Join(dir, host, "dnsd/etcd")); err != nil {
					t.Fatal(err)
				}
			case "etc":
				if err := os.RemoveAll(filepath.Join(dir, host, "etc")); err != nil {
					t.Fatal(err)
				}
				write(t, dir, host+"/etc", "a file\n")
			default:
				write(t, dir, host+"/fails", at)
			}
			out, err := play(t, dir, "-e", "rundock_backup="+dir+"/b.db")
			well := c.name == "well"
			if (err == nil) != well || !strings.Contains(out, c.says) {
				t.Errorf("%v, want it to say %q\n%s", err, c.says, out)
			}
			if !well && (strings.Contains(out, "site.yml goes on") || !strings.Contains(out, "un it again: ansible-playbook playbooks/restore.yml -e rundock_backup=FILE") &&
				!strings.Contains(out, "un it again with a backup that is whole: ansible-playbook playbooks/restore.yml -e rundock_backup=FILE")) {
				t.Errorf("it goes on, or does not say what brings the store back\n%s", out)
			}
			for i, host := range []string{"one", "two", "three"} {
				did, _ := os.ReadFile(filepath.Join(dir, host, "did"))
				if got := strings.ReplaceAll(strings.TrimSpace(string(did)), "\n", ", "); got != c.did[host] {
					t.Errorf("on %s it did %q, want %q\n%s", host, got, c.did[host], out)
				}
				var files []string
				for _, name := range filesBelow(t, filepath.Join(dir, host)) {
					if strings.HasPrefix(name, "etc/") || strings.HasPrefix(name, "dnsd/") {
						files = append(files, name)
					}
				}
				slices.Sort(files)
				got, want := strings.Join(files, " "), "dnsd/etcd/data/db etc/stack.key"
				if host == "two" && at == "etc" {
					want = "dnsd/etcd/data/db"
				}
				if well || at == "data" {
					if i > 0 && host+" data" != c.fails && (strings.Contains(got, "data/db") || !strings.Contains(got, "data.before-")) {
						t.Errorf("%s has %s, want its data aside", host, got)
					}
					if data, _ := os.ReadFile(filepath.Join(dir, host, "etc/stack.key")); string(data) != key || !strings.Contains(got, "stack.key.before-") {
						t.Errorf("%s has %s, and the key %q", host, got, data)
					}
				} else if got != want {
					t.Errorf("%s has %s, want %s as before", host, got, want)
				}
			}
		})
	}
}

// filesBelow are the names of files below dir.
func filesBelow(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// restoringIn makes dir restore.yml for three hosts, each with its files in a folder of dir: $H of the shell that Ansible has there.
func restoringIn(t *testing.T, dir string) {
	t.Helper()
	data, err := os.ReadFile("restore.yml")
	if err != nil {
		t.Fatal(err)
	}
	// The module raw has no shell of the inventory's.
	shell := "export H={{ playbook_dir }}/{{ inventory_hostname }} PATH={{ playbook_dir }}/bin:$PATH"
	write(t, dir, "play.yml", strings.NewReplacer("/var/lib/dnsd", `"$H"/dnsd`, "/etc/rundock", `"$H"/etc`, "/usr/local/bin/dnsd", "dnsd",
		"ansible.builtin.raw: |", "ansible.builtin.raw: |\n            "+shell, "ansible.builtin.raw: ", "ansible.builtin.raw: "+shell+"; ",
		"setpriv --reuid dnsd --regid dnsd --init-groups ", "", "chown dnsd:dnsd", "chown root", "become: true", "become: false").Replace(string(data)))
	write(t, dir, "roles/host/tasks/keepers.yml", "[]\n")
	write(t, dir, "site.yml", `
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: site.yml goes on}
`)
	program := func(name, script string) {
		write(t, dir, name, "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	program("bin/sv", `echo "sv $*" >>"$H/did"`)
	program("bin/dnsd", `
if [ "$2" = verify ]; then grep -q whole "$3" && exit; echo broken; exit 1; fi
echo "$1 $2" >>"$H/did"
if [ "$2" = "$(cat "$H/fails" 2>/dev/null)" ]; then echo "$2 fails"; exit 1; fi`)
	inventory := ""
	for _, host := range []string{"one", "two", "three"} {
		inventory += host + "\n"
		write(t, dir, host+"/dnsd/etcd/data/db", "of before\n")
		write(t, dir, host+"/etc/stack.key", "of before\n")
		program(host+"/sh", "export H="+dir+"/"+host+" PATH="+dir+"/bin:$PATH\nexec /bin/sh \"$@\"")
	}
	write(t, dir, "inventory", inventory+`[all:vars]
ansible_connection=local
ansible_python_interpreter=/usr/bin/python3
ansible_shell_executable="{{ playbook_dir }}/{{ inventory_hostname }}/sh"
rundock_etcd_hosts=["one", "two", "three"]
`)
}
