package playbooks

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An inventory of which something cannot be meant is refused at the start, by
// what role host checks, before anything is changed.
const refusing = `
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        rundock_host_looked:
          stdout: "checked: {clock: {{ clock | default(1) }}, free: {{ free | default(300) }}, inodes: {{ inodes | default(90000) }}, prepared: {{ prepared | default(true) }}}"
    - ansible.builtin.set_fact:
        cacheable: true
        hostname: "{{ called | default(inventory_hostname) }}"
        interfaces: [lo, eth0]
        eth0: {ipv4: {address: 10.1.0.1}}
        os_family: Debian
    - ansible.builtin.import_role: {name: host}
    - ansible.builtin.import_role: {name: checked}
      when: false
    - ansible.builtin.import_role: {name: image_registry}
      when: false
    - ansible.builtin.import_role: {name: overlay}
      when: false
    - ansible.builtin.import_role: {name: loadbalancer}
      when: false
`

func TestInventory_that_cannot_be_meant_is_refused(t *testing.T) {
	const hosts, domain = "one\ntwo\n", "[all:vars]\nrundock_domain=prod.example.com\n"
	const called = "the one is called "
	for name, c := range map[string]struct {
		inventory string
		want      []string
	}{
		"well": {hosts + "[rundock_etcd]\none\n[rundock_image_registry]\ntwo\n[rundock_berlin]\none\n[rundock]\ntwo\n[frontends]\none\n" + domain, nil},
		"groups that are misspelt": {hosts + "[rundock-etcd]\none\n[rundock_etc]\none\n[rundock_loadbalancers]\none\n[rundock_image_regsitry]\none\n" + domain, []string{
			"a group rundock-etcd, which means nothing here: " + called + "rundock_etcd", "a group rundock_etc, which means nothing here: " + called + "rundock_etcd",
			called + "rundock_loadbalancer", called + "rundock_image_registry"}},
		"a group of the store without its prefix":   {hosts + "[etcd]\none\ntwo\n" + domain, []string{"the inventory has a group etcd and no hosts in rundock_etcd, so that one alone would keep the store: call the group rundock_etcd"}},
		"a group etcd that is of something else":    {hosts + "[etcd]\ntwo\n[rundock_etcd]\none\n" + domain, nil},
		"a group etcd where the store is elsewhere": {hosts + "[etcd]\ntwo\n" + domain + "rundock_etcd_endpoints=https://etcd.example.com:2379\n", nil},
		"networks that cannot be together": {hosts + domain + `rundock_overlays=[{"name":"a","cidr":"10.42.0.0/16","vni":1},{"name":"b","cidr":"10.42.128.0/17","vni":1},{"name":"a","cidr":"10.43.0.0/16","vni":3},{"name":"c","cidr":"10.44.0.1/16","vni":4},{"name":"d","cidr":"10.45.0.0/16"},{"cidr":"10.46.0.0/16"}]` + "\n", []string{
			"rundock_overlays: 10.42.128.0/17 of b overlaps 10.42.0.0/16 of a", "a and b have vni 1 both", "two networks are called a", "c: 10.44.0.1/16 has host bits set", "d has no vni", "one of them has no name"}},
		"networks that can":     {hosts + domain + `rundock_overlays=[{"name":"a","cidr":"10.42.0.0/16","vni":1},{"name":"b","cidr":"10.43.0.0/16","vni":2},{"name":"old","state":"absent"}]` + "\n", nil},
		"two hosts of one name": {"one called=web\ntwo called=WEB\n" + domain, []string{"one and two are all called web"}},
		"variables that are misspelt": {"one rundock_priavte_interface=eth0\ntwo\n" + domain + "rundock_labl=s\nrundock_our_own=1\n", []string{
			"the variable rundock_priavte_interface means nothing here: " + called + "rundock_private_interface",
			"the variable rundock_labl means nothing here: " + called + "rundock_label", "the variable rundock_our_own means nothing here: names that begin with rundock_ are rundock's"}},
		"variables of another type": {"one rundock_overlays=apps\ntwo rundock_tools='{\"a\": 1}'\n" + domain + "rundock_docker_restart=perhaps\nrundock_dns_upstreams=192.0.2.1\nrundock_label=prod\nrundock_public_interface=\"{{ nothing }}\"\n", []string{
			"argument 'rundock_docker_restart' is of type", "unable to convert to bool", "argument 'rundock_tools' is of type", "unable to convert to list",
			"the variable rundock_public_interface cannot be computed: 'nothing' is undefined"}},
		"variables that are of the type":             {hosts + domain + "rundock_docker_restart=yes\nrundock_tools=[]\nrundock_dns_upstreams=192.0.2.1,192.0.2.2\nrundock_labels={\"a\": \"b\"}\n", nil},
		"a clock that is a day off":                  {"one clock=-86400\ntwo clock=200\n" + domain, []string{"the clock of the host is 86400 seconds behind that of this machine"}},
		"a disk that is full":                        {"one free=150\ntwo\n" + domain, []string{"the host has 150 MB free", "and a run wants 200"}},
		"a disk that has few inodes":                 {"one inodes=20\ntwo\n" + domain, []string{"the host has room for 20 files"}},
		"a small disk of a host that is to have all": {"one prepared=false\ntwo\n" + domain, []string{"and a run wants 1000"}},
		"no domain, and an interface that is not there": {"one rundock_private_interface=eth7\ntwo\n", []string{
			"set rundock_domain to the domain of your services", "rundock_private_interface eth7 has no IPv4 address; the host has eth0"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			refusingIn(t, dir, c.inventory)
			out, err := play(t, dir)
			if (err == nil) != (len(c.want) == 0) {
				t.Errorf("%v, want it refused with %q:\n%s", err, c.want, out)
			}
			for _, want := range c.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

// refusingIn puts the play, the roles and an inventory into dir.
func refusingIn(t *testing.T, dir, inventory string) {
	t.Helper()
	for file, text := range map[string]string{"inventory": inventory, "play.yml": refusing} {
		write(t, dir, file, text)
	}
	for _, role := range []string{"host", "checked", "image_registry", "loadbalancer", "overlay"} {
		copyVariables(t, role, filepath.Join(dir, "roles", role))
	}
	// Of all roles, as types are those of all.
	specs, err := filepath.Glob("roles/*/meta")
	if err != nil {
		t.Fatal(err)
	}
	for _, meta := range specs {
		if err := os.CopyFS(filepath.Join(dir, meta), os.DirFS(meta)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("roles/host/tasks/main.yml")
	if err != nil {
		t.Fatal(err)
	}
	checks, _, found := strings.Cut(string(data), "- name: Gather addresses of store hosts")
	if !found {
		t.Fatal("role host does not gather addresses after its checks")
	}
	write(t, dir, "roles/host/tasks/main.yml", checks)
}

func play(t *testing.T, dir string, flags ...string) (string, error) {
	t.Helper()
	return run(t, dir, "ansible-playbook", append([]string{"-i", "inventory", "play.yml"}, flags...)...)
}

var answer = regexp.MustCompile(`(?m)^ok: \[(.+)\] => \{\n +"msg": "(.+)"$`)

// tell is what the hosts say by the module debug in the play of dir, by their names.
func tell(t *testing.T, dir string, flags ...string) map[string]string {
	t.Helper()
	out, err := play(t, dir, flags...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	told := map[string]string{}
	for _, m := range answer.FindAllStringSubmatch(out, -1) {
		told[m[1]] = m[2]
	}
	return told
}

// run returns what a program of Ansible prints in dir; without Ansible the test is skipped.
func run(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("ansible-playbook"); err != nil {
		t.Skip("ansible is not installed")
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ANSIBLE_STDOUT_CALLBACK=default", "ANSIBLE_NOCOLOR=1", "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS=ignore")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A wrong vault password is told of by the variable, though no role has read it yet; of
// a whole file Ansible tells itself.
func TestInventory_with_secrets_and_a_wrong_password_is_refused(t *testing.T) {
	dir := t.TempDir()
	refusingIn(t, dir, "one\n[all:vars]\nrundock_domain=prod.example.com\n")
	write(t, dir, "right", "right\n")
	write(t, dir, "wrong", "wrong\n")
	secret, err := run(t, dir, "ansible-vault", "encrypt_string", "--vault-password-file", "right", "--name", "rundock_loadbalancer_stats_password", "hush")
	if err != nil {
		t.Fatalf("%v: %s", err, secret)
	}
	_, secret, _ = strings.Cut(secret, "rundock_loadbalancer")
	secret, _, _ = strings.Cut("rundock_loadbalancer"+secret, "\nEncryption")
	write(t, dir, "group_vars/all/secret.yml", secret+"\n")
	if out, err := play(t, dir, "--vault-password-file", "right"); err != nil {
		t.Errorf("with the password: %v\n%s", err, out)
	}
	const says = "the variable rundock_loadbalancer_stats_password cannot be decrypted, is the vault password another one?"
	if out, err := play(t, dir, "--vault-password-file", "wrong"); err == nil || !strings.Contains(out, says) {
		t.Errorf("with another one: %v, want %q\n%s", err, says, out)
	}
	if out, err := run(t, dir, "ansible-vault", "encrypt", "--vault-password-file", "right", "group_vars/all/secret.yml"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := play(t, dir, "--vault-password-file", "wrong"); err == nil || !strings.Contains(out, "secret.yml") || strings.Contains(out, "TASK") {
		t.Errorf("with another one for a file: %v, want the file named before any task\n%s", err, out)
	}
}

// A host of the store that does not answer is told with the one that it may be meant to be.
func TestHost_that_is_misspelt_is_told_with_the_nearest(t *testing.T) {
	dir := t.TempDir()
	refusingIn(t, dir, "node-front-1\nnode-back-1\n[rundock_etcd]\nnode-frnt-1\nelsewhere\n")
	ask := "{{ query('rundock_inventory', 'hosts', 'node-frnt-1', 'elsewhere') | join('; ') }}"
	out, err := run(t, dir, "env", "ANSIBLE_LOOKUP_PLUGINS=roles/checked/lookup_plugins", "ansible", "-i", "inventory", "node-back-1", "-c", "local", "-m", "debug", "-a", "msg=\""+ask+"\"")
	if err != nil || !strings.Contains(out, "node-frnt-1, which is perhaps meant to be node-front-1; elsewhere\"") {
		t.Errorf("%v\n%s", err, out)
	}
}
