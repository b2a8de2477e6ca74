package playbooks

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/pki"
)

// TestAuthority_is_backed_up_and_restored_whole_or_not_at_all: neither playbook takes one that is damaged, and what was there stays.
func TestAuthority_is_backed_up_and_restored_whole_or_not_at_all(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "rundockd"), "../supervisor/rundockd").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cert, key := newAuthority(t)
	_, otherKey := newAuthority(t)

	backup, err := os.ReadFile("backup.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, tasks, found := strings.Cut(string(backup), "    - name: See that the authority is one, where there is one\n")
	tasks, _, ends := strings.Cut(tasks, "    - name: See that it is the same on all hosts")
	if !found || !ends {
		t.Fatal("backup.yml has no such tasks")
	}
	restore, err := os.ReadFile("restore-ca.yml")
	if err != nil {
		t.Fatal(err)
	}
	in := strings.NewReplacer("/etc/rundock", dir+"/etc", "/usr/local/bin/rundockd", dir+"/rundockd", "become: true", "become: false", "tar -C", dir+"/tar -C")
	write(t, dir, "backup.yml", "- hosts: one\n  gather_facts: false\n  tasks:\n    - name: See that the authority is one, where there is one\n"+in.Replace(tasks))
	write(t, dir, "restore.yml", in.Replace(string(restore)))
	write(t, dir, "roles/host/tasks/keepers.yml", "[]\n")
	write(t, dir, "inventory", "one\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\nrundock_backups="+dir+"/backups\n"+
		"rundock_backup_from=one\nrundock_backup_authority_at=one\n"+`rundock_backup_made={"stdout_lines": ["b.db"]}`+"\n")
	do := func(playbook string, args ...string) (string, error) {
		return run(t, dir, "ansible-playbook", append([]string{"-i", "inventory", playbook}, args...)...)
	}
	tar := filepath.Join(dir, "backups/b.ca.tar")
	begin := func(cert, key, tarEnds string) {
		t.Helper()
		os.RemoveAll(filepath.Join(dir, "etc"))
		os.RemoveAll(filepath.Join(dir, "backups"))
		write(t, dir, "backups/of-before", "")
		for name, text := range map[string]string{"etc/ca/ca.crt": cert, "etc/ca/ca.key": key} {
			if text != "" {
				write(t, dir, name, text)
			}
		}
		write(t, dir, "tar", "#!/bin/sh\ntar \"$@\"\nexit "+tarEnds+"\n")
		if err := os.Chmod(filepath.Join(dir, "tar"), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	for what, c := range map[string]struct{ cert, key, tarEnds, says string }{
		"whole":                   {cert, key, "0", ""},
		"none":                    {"", "", "0", ""},
		"a key of another":        {cert, otherKey, "0", "certificate and key of the authority do not belong together"},
		"a certificate that ends": {cert[:200], key, "0", "no PEM certificate"},
		"no certificate":          {"", key, "0", "of ca.crt and ca.key one is missing"},
		"tar cannot read all":     {cert, key, "2", "failed=1"},
	} {
		begin(c.cert, c.key, c.tarEnds)
		out, err := do("backup.yml")
		if (err != nil) != (c.says != "") || !strings.Contains(out, c.says) {
			t.Errorf("back up, %s: %v, want %q\n%s", what, err, c.says, out)
		}
		want := []string{"of-before"}
		if what == "whole" {
			want = []string{"b.ca.tar", "of-before"}
		}
		if got := filesBelow(t, filepath.Join(dir, "backups")); !slices.Equal(got, want) {
			t.Errorf("back up, %s: there are %q, want %q", what, got, want)
		}
	}

	packed := func(cert, key string) string {
		t.Helper()
		begin(cert, key, "0")
		if out, err := exec.CommandContext(t.Context(), "tar", "-C", filepath.Join(dir, "etc"), "-cf", tar, "ca").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		data, err := os.ReadFile(tar)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	whole := packed(cert, key)
	for _, c := range []struct{ what, backup, says string }{
		{"the end is missing", whole[:len(key)+1000], "has no authority that is whole"},
		{"empty", "", "has no authority that is whole"},
		{"a key of another", packed(cert, otherKey), "certificate and key of the authority do not belong together"},
		{"no certificate", packed("", key), "has no authority that is whole"},
		{"whole", whole, ""},
	} {
		begin("of before", "", "0")
		write(t, dir, "backups/b.ca.tar", c.backup)
		out, err := do("restore.yml", "-e", "rundock_backup="+tar)
		if (err != nil) != (c.says != "") || !strings.Contains(out, c.says) {
			t.Errorf("restore, %s: %v, want %q\n%s", c.what, err, c.says, out)
		}
		wantCert, want := "of before", []string{"ca/ca.crt"}
		if c.says == "" {
			wantCert, want = cert, []string{"ca/ca.crt", "ca/ca.key"}
		}
		got, _ := os.ReadFile(filepath.Join(dir, "etc/ca/ca.crt"))
		if files := filesBelow(t, filepath.Join(dir, "etc")); string(got) != wantCert || !slices.Equal(files, want) {
			t.Errorf("restore, %s: there are %q, and ca.crt is %q", c.what, files, got)
		}
	}
	os.Remove(filepath.Join(dir, "rundockd")) // a host that is none of rundock's yet
	os.RemoveAll(filepath.Join(dir, "etc"))
	if out, err := do("restore.yml", "-e", "rundock_backup="+tar); err != nil || len(filesBelow(t, filepath.Join(dir, "etc"))) != 2 {
		t.Errorf("restore without rundockd: %v\n%s", err, out)
	}
}

// newAuthority is the certificate and the key of one.
func newAuthority(t *testing.T) (cert, key string) {
	t.Helper()
	a, err := pki.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := pki.EncodeKey(a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pki.Bundle(a.Cert)), string(encoded)
}
