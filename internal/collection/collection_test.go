package collection

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/checkout"
	"rundock/internal/lab"
)

// source is this one, with the modules in bin/ that make builds.
func source(t *testing.T) Source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var s Source
	if s.Checkout, err = checkout.Read(root); err != nil {
		t.Fatal(err)
	}
	for _, name := range modules(t, s) {
		for _, arch := range checkout.Architectures {
			if _, err := os.Stat(filepath.Join(root, "bin", "linux_"+arch, name)); err != nil {
				t.Skipf("the modules are not built, by make: %v", err)
			}
		}
	}
	if s.Notices, err = checkout.Notices(root, "The modules in programs/ are", "purego", "./modules/..."); err != nil {
		t.Fatal(err)
	}
	return s
}

// modules are the names of the checkout's modules.
func modules(t *testing.T, s Source) (names []string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(s.Root, "modules", "*", "main.go"))
	if err != nil || len(folders) < 5 {
		t.Fatalf("found the modules %v: %v", folders, err)
	}
	for _, main := range folders {
		names = append(names, filepath.Base(filepath.Dir(main)))
	}
	return names
}

func build(t *testing.T, s Source) []byte {
	t.Helper()
	data, err := Build(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCollection(t *testing.T) {
	s := source(t)
	tarball := build(t, s)
	if size := len(tarball); size > 30e6 {
		t.Errorf("the collection has %d bytes, want at most 30 MB", size)
	}
	t.Logf("measured: the collection has %.1f MB", float64(len(tarball))/1e6)

	t.Run("a copy of the checkout makes the same bytes", func(t *testing.T) {
		if !bytes.Equal(tarball, build(t, copied(t, s))) {
			t.Error("the two tarballs are not the same")
		}
	})
	older := s
	older.Version = "0.0.1-dev.1"
	before := build(t, older)
	for _, core := range cores(t) {
		t.Run("installed and used from an empty folder, "+core.name, func(t *testing.T) {
			u := user{t, t.TempDir(), core}
			if err := os.Mkdir(filepath.Join(u.home, "empty"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, data := range [][]byte{before, tarball} {
				u.write("collection.tar.gz", string(data))
				u.run("ansible-galaxy", "collection", "install", "collection.tar.gz")
			}
			if out := u.run("ansible-galaxy", "collection", "verify", "--offline", Name); !strings.Contains(out, "'"+Name+":"+s.Version+"'") {
				t.Errorf("installed is not %s:\n%s", s.Version, out)
			}
			os.Remove(filepath.Join(u.home, "empty", "collection.tar.gz"))
			for name, test := range map[string]func(user, []string){
				"documentation": documentation, "names of modules": namesOfModules, "a role that names a lookup": roleThatNamesALookup, "playbooks": playbooks,
			} {
				t.Run(name, func(t *testing.T) { test(user{t, u.home, core}, modules(t, s)) })
			}
		})
	}
}

// copied returns s in another folder: with other times and modes, and its files in another order.
func copied(t *testing.T, s Source) Source {
	t.Helper()
	c := s
	c.Root = t.TempDir()
	c.Tracked = slices.Clone(s.Tracked)
	slices.Reverse(c.Tracked)
	files := slices.DeleteFunc(slices.Clone(s.Tracked), func(path string) bool { _, ok := place(path); return !ok })
	for _, name := range modules(t, s) {
		for _, arch := range checkout.Architectures {
			files = append(files, "bin/linux_"+arch+"/"+name)
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(s.Root, file))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(c.Root, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(to, time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// core is an ansible-core, whose command runs a program of it in a folder.
type core struct {
	name    string
	command func(ctx context.Context, dir, name string, args ...string) *exec.Cmd
}

// cores are the machine's own, and with RUNDOCK_SLOW=1 those of later Debian releases, which
// the lab fetches once.
func cores(t *testing.T) []core {
	t.Helper()
	if _, err := exec.LookPath("ansible-galaxy"); err != nil {
		t.Skip("ansible is not installed")
	}
	all := []core{{"the machine's own core", func(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		return cmd
	}}}
	if os.Getenv("RUNDOCK_SLOW") != "1" || os.Geteuid() != 0 {
		return all
	}
	l, err := lab.New(lab.ConfigFrom(os.Getenv))
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range []string{"trixie", "forky"} {
		a, err := l.Ansible(release)
		if err != nil {
			t.Fatal(err)
		}
		version, err := a.Version()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, core{"core " + version, a.Command})
	}
	return all
}

// user is somebody who has installed the collection, and calls Ansible in an empty folder.
type user struct {
	*testing.T
	home string
	core core
}

// run returns what a command prints; one that fails fails the test.
func (u user) run(name string, args ...string) string {
	u.Helper()
	cmd := u.core.command(u.Context(), filepath.Join(u.home, "empty"), name, args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + u.home, "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=false",
		"http_proxy=http://127.0.0.1:9", "https_proxy=http://127.0.0.1:9", // no network: nobody listens there
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		u.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// write makes a file in the folder that Ansible is called in.
func (u user) write(name, text string) {
	u.Helper()
	if err := os.WriteFile(filepath.Join(u.home, "empty", name), []byte(text), 0o600); err != nil {
		u.Fatal(err)
	}
}

func documentation(u user, modules []string) {
	listed := u.run("ansible-doc", "-l", Name)
	var full []string
	for _, name := range modules {
		full = append(full, Name+"."+name)
		if !strings.Contains(listed, Name+"."+name+" ") {
			u.Errorf("ansible-doc -l has no %s:\n%s", name, listed)
		}
	}
	all := u.run("ansible-doc", full...)
	for _, name := range modules {
		if !regexp.MustCompile(`(?mi)^> (MODULE )?` + regexp.QuoteMeta(Name+"."+name) + ` `).MatchString(all) {
			u.Errorf("ansible-doc shows nothing of %s", name)
		}
		if regexp.MustCompile(`(?m)^  ` + name + `:`).MatchString(all) {
			u.Errorf("an example has %s by its short name", name)
		}
	}
	roles := u.run("ansible-doc", "-t", "role", "-l", Name)
	for _, role := range []string{"dnsd", "host", "image_registry", "stack"} {
		if !strings.Contains(roles, Name+"."+role) {
			u.Errorf("ansible-doc -t role -l has no %s:\n%s", role, roles)
		}
	}
}

// namesOfModules calls rundock_host, which looks at a host as anybody. The others read what
// only a rundock host has.
func namesOfModules(u user, _ []string) {
	u.write("play.yml", `
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/rundock.rundock.all: {look: echo by a default}
  tasks:
    - rundock.rundock.rundock_host:
      register: looked
    - rundock.rundock.rundock_host:
      register: later
      async: 30
      poll: 1
      when: not ansible_check_mode
    - ansible.builtin.assert: {that: ["'by a default' in looked.stdout", "ansible_check_mode or 'by a default' in later.stdout"]}
- hosts: localhost
  connection: local
  gather_facts: false
  collections: [rundock.rundock]
  tasks:
    - rundock_host: {look: echo by its short name}
      register: looked
    - ansible.builtin.assert: {that: "'by its short name' in looked.stdout"}
`)
	for _, mode := range []string{"--check", "--diff"} {
		u.run("ansible-playbook", mode, "-e", "rundock_cache="+u.home+"/cache", "-e", "ansible_async_dir="+u.home+"/async", "play.yml")
	}
}

func roleThatNamesALookup(u user, _ []string) {
	u.write("role.yml", `
- hosts: localhost
  connection: local
  gather_facts: false
  roles: [rundock.rundock.checked]
  vars:
    rundock_host_has: {checked: {clock: 0, free: 5000, inodes: 5000, prepared: true}}
    rundock_lable: prod
  tasks:
    - ansible.builtin.debug: {msg: "{{ rundock_checked_wrong }}"}
`)
	out := u.run("ansible-playbook", "role.yml")
	if !strings.Contains(out, "rundock_lable means nothing here: the one is called rundock_label") || strings.Count(out, "means nothing here") != 1 {
		u.Errorf("want one variable told of that means nothing:\n%s", out)
	}
}

func playbooks(u user, _ []string) {
	u.write("inventory", "[all]\nnode-1\n")
	found, _ := filepath.Glob(filepath.Join(u.home, ".ansible/collections/ansible_collections/rundock/rundock/playbooks/*.yml"))
	if len(found) < 8 {
		u.Fatalf("found the playbooks %v", found)
	}
	args := []string{"-i", "inventory", "--syntax-check", "-e", "rundock_gone=node-1"}
	for _, path := range found {
		args = append(args, Name+"."+strings.TrimSuffix(filepath.Base(path), ".yml"))
	}
	u.run("ansible-playbook", args...)
}

func TestPlace(t *testing.T) {
	for from, want := range map[string]string{
		"playbooks/site.yml":                          "playbooks/site.yml",
		"playbooks/remove-host.yml":                   "playbooks/remove_host.yml",
		"playbooks/roles/dnsd/templates/run.j2":       "roles/dnsd/templates/run.j2",
		"playbooks/roles/checked/lookup_plugins/a.py": "plugins/lookup/a.py",
		"playbooks/plugins/action/rundock.py":         "plugins/action/rundock.py",
		"playbooks/collection/meta/runtime.yml":       "meta/runtime.yml",
		"CHANGELOG.md":                                "CHANGELOG.md",
		"playbooks/roles_test.go":                     "",
		"playbooks/demo/demo.sh":                      "",
		"playbooks/examples/templates.yml":            "",
		"README.md":                                   "",
		"modules/rundock/main.go":                     "",
	} {
		if got, ok := place(from); got != want || ok != (want != "") {
			t.Errorf("place(%q) = %q, %v, want %q", from, got, ok, want)
		}
	}
}

func TestAction_groups_have_all_modules(t *testing.T) {
	s := Source{Checkout: checkout.Checkout{Root: "../.."}}
	text, err := os.ReadFile("../../playbooks/collection/meta/runtime.yml")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^    - (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1])
	}
	if want := modules(t, s); !slices.Equal(listed, want) {
		t.Errorf("the group all has %v, want %v", listed, want)
	}
}
