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
		"setpriv --reuid dnsd --regid dnsd --init-groups /usr/local/bin/dnsd", "true", "chown root:docker-registry", "chown root", "become: true", "become: false").Replace(last))
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
		{"it is gone", after, "node.2 is no user of the image registry any more", false, []string{"-v"}},
		{"again", after, "changed=0", false, nil},
	} {
		os.Remove(filepath.Join(dir, "lives"))
		if step.fails {
			write(t, dir, "lives", "")
		}
		out, err := play(t, dir, append(step.args, "-e", "rundock_gone=node.2")...)
		got, _ := os.ReadFile(users)
		if (err != nil) != step.fails || string(got) != step.want || !strings.Contains(out, step.says) {
			t.Errorf("%s: %v, users %q, want %q and that it says %q\n%s", step.what, err, got, step.want, step.says, out)
		}
		if names := strings.Contains(out, "far cannot be reached: by its password of before node.2 may pull images there"); names == step.fails {
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
