package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
)

// kept is what etcd holds that nobody brings back: all keys without a lease, with their values, but the note of who
// was given access last, which each run of site.yml writes for its own hosts.
func (s *setup) kept(t *testing.T, host string) string {
	t.Helper()
	return s.sh(t, host, etcdctl+`get --prefix / -w fields |
		awk '/^"Key"/ { key = $3 } /^"Value"/ { value = $0 } /^"Lease" : 0$/ && key != "\"/rundock/v1/access\"" { print key, value }'`)
}

// cluster is the id of the cluster that host's etcd is of.
func (s *setup) cluster(t *testing.T, host string) string {
	t.Helper()
	return strings.Fields(s.sh(t, host, "cat /var/lib/dnsd/etcd/member"))[0]
}

// goesBack takes the store to a backup of before lose, by the playbooks with vars and
// hosts without Python: what nobody brings back is as it was, the key of stacks' secrets
// with it, and nobody noticed anything.
func (s *setup) goesBack(t *testing.T, vars []string, lose func()) {
	container, before, was := s.id(t, back1, "clustered"), s.kept(t, front), s.cluster(t, front)
	w := s.watch(t, front, "clustered")
	backups := t.TempDir()
	const key, digest = "/etc/rundock/stack.key", "sha256sum /etc/rundock/stack.key"
	s.sh(t, front, "umask 077; head -c 32 /dev/urandom >"+key)
	t.Cleanup(func() {
		for _, host := range []string{front, back1, back2} { // restore.yml brings it to all that may lead
			s.try(host, "rm -f "+key+"*")
		}
	})
	sealed := s.sh(t, front, digest)
	err := s.hidingPython(func() error {
		if out, err := s.playbook(append(vars, "-e", "rundock_backups="+backups, "playbooks/backup.yml")...); err != nil {
			t.Fatalf("backup.yml: %v\n%s", err, out)
		}
		found, err := filepath.Glob(backups + "/*.db")
		if len(found) != 1 || err != nil {
			t.Fatalf("backup.yml has fetched %v, %v", found, err)
		}
		if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of the backup = %v, %v, want 0600", info.Mode(), err)
		}
		lose()
		s.sh(t, front, "head -c 32 /dev/urandom >"+key)
		if out, err := s.playbook(append(vars, "-e", "rundock_backup="+found[0], "playbooks/restore.yml")...); err != nil {
			t.Fatalf("restore.yml: %v\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.sh(t, front, digest+"; stat -c '%a %U %s' "+key+"*"); got != sealed+"\n600 root 32\n600 root 32" {
		t.Errorf("the key of stacks' secrets is %s, want %s, and the one before beside it", got, sealed)
	}
	s.awaitFound(t, "clustered")
	await.Empty(t, "what had no lease is as it was", func() string {
		if now := s.kept(t, front); now != before {
			return "it is\n" + now + "\nand was\n" + before
		}
		return ""
	})
	for _, host := range []string{front, back1, back2} {
		await.Empty(t, "the network on "+host+" is well", func() string {
			out, err := s.try(host, "rundockd overlay check && rundockd overlay status")
			if err != nil {
				return out + err.Error()
			}
			return ""
		})
	}
	if s.cluster(t, front) == was {
		t.Error("the restored cluster has the id of the one before, so that members of either take the other's for theirs")
	}
	if s.id(t, back1, "clustered") != container || w.gone() {
		t.Error("the container was replaced, or the record was gone")
	}
}

func etcdOn(hosts []string) []string {
	return []string{"-e", `{"rundock_etcd_hosts": ["` + strings.Join(hosts, `", "`) + `"]}`}
}
