package playbooks

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPlaybooks_take_the_hosts_of_etcd_from_the_inventory, where rundock_etcd_hosts is a variable of it, as those of a play are
// otherwise told by the command line and by groups alone.
func TestPlaybooks_take_the_hosts_of_etcd_from_the_inventory(t *testing.T) {
	dir := t.TempDir()
	const hosts = "one\ntwo\nthree\n[all:vars]\nansible_connection=local\nansible_become=false\nansible_python_interpreter=/usr/bin/python3\n"
	write(t, dir, "inventory", hosts+`rundock_etcd_hosts=["three", "two"]`+"\n")
	write(t, dir, "group", "[rundock_etcd]\nthree\n[all]\n"+hosts)
	write(t, dir, "strange", hosts+`rundock_etcd_hosts=["three", "tow"]`+"\n")
	call := func(inventory, playbook string, args ...string) string {
		t.Helper()
		out, err := run(t, "..", "ansible-playbook", append([]string{"-i", filepath.Join(dir, inventory), "playbooks/" + playbook}, args...)...)
		if err == nil {
			t.Errorf("%s: it did not fail:\n%s", playbook, out)
		}
		return out
	}
	for playbook, want := range map[string]string{"backup.yml": "three two", "restore.yml": "three two", "restore-ca.yml": "three"} {
		if out := call("inventory", playbook); failedOn(out) != want {
			t.Errorf("%s is for %q, want %q\n%s", playbook, failedOn(out), want, out)
		}
		if out := call("strange", playbook); !strings.Contains(out, "rundock_etcd_hosts names tow, and the inventory has no such host") {
			t.Errorf("%s does not name the host that is not there\n%s", playbook, out)
		}
	}
	if out := call("group", "backup.yml"); failedOn(out) != "three" {
		t.Errorf("backup.yml is for %q, want the group\n%s", failedOn(out), out)
	}
	if out := call("inventory", "backup.yml", "-e", `{"rundock_etcd_hosts": ["one"]}`); failedOn(out) != "one" {
		t.Errorf("backup.yml is for %q, want that of the command line\n%s", failedOn(out), out)
	}
}

var fatal = regexp.MustCompile(`(?m)^fatal: \[(\w+)`)

// failedOn are the hosts that a run says to have failed on, in order.
func failedOn(out string) string {
	found := []string{}
	for _, m := range fatal.FindAllStringSubmatch(out, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

// TestUpgrade_has_hosts_that_keep_etcd_last, where the inventory names them by the variable too.
func TestUpgrade_has_hosts_that_keep_etcd_last(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("upgrade.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "play.yml", string(data))
	write(t, dir, "roles/upgrade/tasks/plan.yml", "[]\n")
	write(t, dir, "site.yml", `
- hosts: "{{ rundock_site_hosts | default('all') }}"
  serial: "{{ rundock_site_serial | default('100%') }}"
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ inventory_hostname }}"}
`)
	write(t, dir, "inventory", "one\ntwo\nthree\n[all:vars]\nansible_become=false\nrundock_etcd_hosts=[\"one\"]\n")
	out, err := play(t, dir)
	said := []string{}
	for _, m := range answer.FindAllStringSubmatch(out, -1) {
		said = append(said, m[2])
	}
	if err != nil || strings.Join(said, " ") != "two three one" {
		t.Errorf("%v, in the order %q, want the host of etcd last\n%s", err, said, out)
	}
}
