package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRemove_host_takes_the_user_out_of_the_image_registry, on each host that has one, and names those that it does not reach. A host
// that lives keeps its user.
func TestRemove_host_takes_the_user_out_of_the_image_registry(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("remove-host.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, last, found := strings.Cut(string(data), "- name: Have the store forget it\n")
	if !found {
		t.Fatal("remove-host.yml has no such play")
	}
	dir := t.TempDir()
	write(t, dir, "play.yml", "- name: Have the store forget it\n"+strings.NewReplacer("/etc/rundock", dir+"/{{ inventory_hostname }}", "/usr/local/bin/rundockd", dir+"/rundockd",
		"setpriv --reuid dnsd --regid dnsd --init-groups /usr/local/bin/dnsd", "true", "chown root:docker-registry", "chown root", "become: true", "become: false", "umask 077", "umask 077; . "+dir+"/disk").Replace(last))
	write(t, dir, "rundockd", "#!/bin/sh\n[ ! -e "+dir+"/lives ]\n")
	if err := os.Chmod(filepath.Join(dir, "rundockd"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "inventory", `one
three
far ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
[rundock_image_registry]
one
far
[all:vars]
ansible_connection=local
ansible_python_interpreter=/usr/bin/python3
rundock_gone_called=node
rundock_gone_by=three
rundock_gone_member_by=three
rundock_gone_answers=false
`)
	const before, after = "ci:h1\nnode-2:h2\nnode.2:h3\nnode.21:h4\n", "ci:h1\nnode-2:h2\nnode.21:h4\n"
	users := filepath.Join(dir, "one/image-users")
	write(t, dir, "one/image-users", before)
	write(t, dir, "three/image-users", before)
	for _, step := range []struct {
		what, want string
		says       string
		fails      bool
		args       []string
	}{
		{"it lives", before, "fatal: [three]", true, nil},
		{"check mode", before, "node.2 would be no user of the image registry any more", false, []string{"--check", "-v"}},
		{"its disk is full", before, "fatal: [one]", true, nil},
		{"it is gone", after, "node.2 is no user of the image registry any more", false, []string{"-v"}},
		{"again", after, "changed=0", false, nil},
	} {
		os.Remove(filepath.Join(dir, "lives"))
		write(t, dir, "disk", "")
		switch step.what {
		case "it lives":
			write(t, dir, "lives", "")
		case "its disk is full":
			write(t, dir, "disk", fullDisk)
		}
		out, err := play(t, dir, append(step.args, "-e", "rundock_gone=node.2")...)
		got, _ := os.ReadFile(users)
		if (err != nil) != step.fails || string(got) != step.want || !strings.Contains(out, step.says) {
			t.Errorf("%s: %v, users %q, want %q and that it says %q\n%s", step.what, err, got, step.want, step.says, out)
		}
		if _, err := os.Lstat(users + ".new"); err == nil {
			t.Errorf("%s: image-users.new is left", step.what)
		}
		if names := strings.Contains(out, "far cannot be reached: by its password of before node.2 may pull images there"); names == (step.what == "it lives") {
			t.Errorf("%s: it names the host that cannot be reached: %v\n%s", step.what, names, out)
		}
	}
	if info, err := os.Stat(users); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode of image-users: %v, %v, want 0640", info.Mode(), err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "three/image-users")); string(got) != before {
		t.Errorf("a host without the image registry has %q", got)
	}
}

// TestRemove_host_takes_one_host_alone: the name of a group would have a play for all of its hosts.
func TestRemove_host_takes_one_host_alone(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("remove-host.yml")
	if err != nil {
		t.Fatal(err)
	}
	first, _, found := strings.Cut(string(data), "\n- name: See who else has the key of stacks' secrets\n")
	if !found {
		t.Fatal("remove-host.yml has no such play")
	}
	dir := t.TempDir()
	write(t, dir, "play.yml", first+"\n")
	write(t, dir, "inventory", "one\n[fronts]\ntwo\nthree\n[four]\nfour\n[rundock_etcd]\none\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n")
	for _, c := range []struct{ gone, says string }{
		{"two", ""}, {"four", ""}, {"not-in-the-inventory", ""},
		{"fronts", "fronts is a group, of three, two: name one host"},
		{"rundock_etcd", "name the host"}, // no name of a host at all
		{"all", "all is a group, of four, one, three, two: name one host"},
		{"one", "one alone keeps the store"},
	} {
		out, err := play(t, dir, "-e", "rundock_gone="+c.gone)
		if (err == nil) != (c.says == "") || !strings.Contains(out, c.says) {
			t.Errorf("rundock_gone=%s: %v, want %q\n%s", c.gone, err, c.says, out)
		}
	}
}

// TestRemove_host_leaves_etcd_the_member_of_a_host_that_lives, which Ansible does not reach, unless it is forced.
func TestRemove_host_leaves_etcd_the_member_of_a_host_that_lives(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("remove-host.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "- name: Have etcd do without it\n")
	_, tasks, chosen := strings.Cut(rest, "    - name: Choose who does it\n")
	tasks, _, found := strings.Cut(tasks, "\n- name: Have the host be none of rundock's any more\n")
	if !chosen || !found {
		t.Fatal("remove-host.yml has no such tasks")
	}
	dir := t.TempDir()
	write(t, dir, "play.yml", "- hosts: all:!{{ rundock_gone }}\n  gather_facts: false\n  tasks:\n    - name: Choose who does it\n"+strings.NewReplacer(
		"/usr/local/bin/rundockd", dir+"/rundockd", "setpriv --reuid dnsd --regid dnsd --init-groups /usr/local/bin/dnsd", dir+"/dnsd").Replace(tasks)+`
- hosts: all:!{{ rundock_gone }}
  gather_facts: false
  tasks:
    - ansible.builtin.raw: echo went on >>`+dir+`/did
`)
	write(t, dir, "rundockd", "#!/bin/sh\necho rundockd \"$@\" >>"+dir+"/did\n[ ! -e "+dir+"/lives ] || { echo refused: node lives >&2; exit 3; }\n")
	write(t, dir, "dnsd", "#!/bin/sh\necho dnsd \"$@\" >>"+dir+"/did\n")
	for _, program := range []string{"rundockd", "dnsd"} {
		if err := os.Chmod(filepath.Join(dir, program), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "host_vars/one.yml", "rundock_gone_other: {stdout: '{store: true, etcd: true}'}\n")
	write(t, dir, "inventory", "one\nnode\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n")
	const answers = `{"rundock_gone_looked": {"stdout": ""}}`
	for _, c := range []struct {
		what  string
		lives bool
		args  []string
		want  string
	}{
		{"it lives", true, nil, "rundockd forget-host --check node, "},
		{"it lives, in check mode", true, []string{"--check"}, "rundockd forget-host --check node, "},
		{"it lives, and is forced", true, []string{"-e", "rundock_gone_force=true"}, "dnsd cluster remove node, went on, "},
		{"it is gone", false, nil, "rundockd forget-host --check node, dnsd cluster remove node, went on, "},
		{"it answers, and has left", false, []string{"-e", answers}, "dnsd cluster remove node, went on, "},
	} {
		os.Remove(filepath.Join(dir, "lives"))
		os.Remove(filepath.Join(dir, "did"))
		if c.lives {
			write(t, dir, "lives", "")
		}
		out, err := play(t, dir, append(c.args, "-e", "rundock_gone=node")...)
		data, _ := os.ReadFile(filepath.Join(dir, "did"))
		did := strings.ReplaceAll(string(data), "\n", ", ")
		if did != c.want || (err == nil) != strings.HasSuffix(c.want, "went on, ") || err != nil && !strings.Contains(out, "node lives") {
			t.Errorf("%s: %v, did %q, want %q\n%s", c.what, err, did, c.want, out)
		}
	}
}
