package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
)

// succeeds waits until a script does.
func (s *setup) succeeds(t *testing.T, host, script string) {
	t.Helper()
	await.Nil(t, "on "+host+": "+script, func() error {
		out, err := s.try(host, script)
		if err != nil {
			return fmt.Errorf("%w %s", err, out)
		}
		return nil
	})
}

// TestTrust_moves_a_plain_site_and_back: one run of site.yml has etcd and all who use
// it know each other by certificates, and a later one takes that back. No record goes,
// no container is another one, and no key leaves its host. That three plain members of etcd
// become certified ones is TestAClusterMovesToTLS of dnsd.
func TestTrust_moves_a_plain_site_and_back(t *testing.T) {
	s := need(t)
	const name = "trusted"
	all := []string{front, back1, back2}
	s.remove(t, back1, name)
	// A lease that a busy machine does not let run out.
	s.install(t, back1, `{"state":"enabled","name":"`+name+`","image":"`+images+`influxdb:latest","announces":[{"port":8086,"lease":60}]}`)
	s.resolves(t, back2, name, record(back1, name))
	container := s.id(t, back1, name)
	key := func(etcdctl string) string {
		t.Helper()
		var says string
		await.Nil(t, "etcd has the record", func() (err error) { // or a member is being elected
			says, err = s.try(front, etcdctl+"get -w fields /skydns/com/example/prod/s/"+name+"/"+back1+" | grep -E '^\"(CreateRevision|ModRevision|Lease)\"'")
			return err
		})
		return says
	}
	before := key(plainEtcdctl)
	w := s.watch(t, back2, name)
	same := func(how, etcdctl string) {
		t.Helper()
		if now := key(etcdctl); now != before {
			t.Errorf("%s: the record's key is another one:\n%s\nbefore\n%s", how, now, before)
		}
		if now := s.id(t, back1, name); now != container {
			t.Errorf("%s: the container was %s, is %s", how, container, now)
		}
		if w.gone() {
			t.Errorf("%s: the record was missing from an answer", how)
		}
		for _, host := range all {
			s.succeeds(t, host, "rundockd store check")
		}
	}
	// As a site is that says nothing of it: the lab's inventory does.
	secure := append([]string{"-e", `{"rundock_trust": "{{ rundock_trust_default }}"}`}, s.withUpstream(t)...)
	three := append(etcdOn(all), secure...)
	grown, secured := false, true // three members of etcd; they have certificates
	run := func(vars ...string) string {
		t.Helper()
		// Verbose, so that what must not be said would be seen.
		out, err := s.playbook(append([]string{"playbooks/site.yml", "-v", "--diff"}, vars...)...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", vars, err, out)
		}
		return out
	}

	t.Cleanup(func() {
		if secured {
			vars := []string{"-e", "rundock_trust=false"}
			if grown {
				vars = append(vars, etcdOn(all)...)
			}
			run(vars...)
		}
		if grown {
			s.site(t, etcdOn(all[:1])...)
			everywhere(all[1:], func(host string) {
				await.Empty(t, host+" keeps no etcd", func() string {
					out, _ := s.try(host, "dnsd store status --dir /var/lib/dnsd/etcd")
					return out
				})
				s.sh(t, host, "rm -rf /var/lib/dnsd/etcd")
			})
			// Where etcd had other members, site.yml leaves it ready for some again.
			s.sh(t, front, `sed -i '/--embed-etcd-peer/d; s|\(--embed-etcd-listen .*\) \\$|\1|' /etc/sv/dnsd/run && sv -w 60 restart dnsd >/dev/null`)
		}
		same("plain again", plainEtcdctl)
		s.sh(t, front, "! "+certifiedEtcdctl+"--dial-timeout 2s get x 2>/dev/null")
		for _, host := range all {
			s.sh(t, host, "rm -r /etc/rundock/pki /etc/rundock/ca 2>/dev/null || true")
		}
		s.remove(t, back1, name)
	})
	said := run(append(secure, "-e", "rundock_metrics=true")...)
	same("with certificates", certifiedEtcdctl)
	s.tellsFigures(t, name)
	s.imagesAreAskedFor(t, said)

	etcd := s.Addr(front).String() + ":2379"
	s.sh(t, back2, "! curl -s --max-time 5 http://"+etcd+"/version")
	s.sh(t, back2, "! curl -sk --max-time 5 https://"+etcd+"/version")
	s.succeeds(t, back2, "curl -sf --max-time 5 --cacert /etc/rundock/pki/ca.crt --cert /etc/rundock/pki/host.crt --key /etc/rundock/pki/host.key https://"+etcd+"/version")
	keys := map[string]bool{}
	if got := s.sh(t, back1, "dnsd access 2>&1 || true"); !strings.Contains(got, "permission denied") {
		t.Errorf("a host asks who may do what, and is told:\n%s", got)
	}
	if got := s.sh(t, front, "dnsd access"); !strings.HasPrefix(got, "etcd asks who may do what\n") || strings.Count(got, "host:") < 6 {
		t.Errorf("etcd's users and roles are:\n%s", got)
	}
	for _, host := range all {
		s.sh(t, host, "rundockd cert status")
		found, said := s.audited(t, host, `{"accepted": []}`)
		found = slices.DeleteFunc(found, func(f string) bool { return strings.HasSuffix(f, " trusted") }) // the test's own service, which has no limits
		if len(found) > 0 {
			t.Errorf("of %s, a host with certificates, an audit finds %q:\n%s", host, found, said)
		}
		if got := s.sh(t, host, "cd /etc/rundock/pki && stat -c '%n %a %U:%G' host.key dns.key"); got != "host.key 600 root:root\ndns.key 640 root:dnsd" {
			t.Errorf("%s has the keys %q", host, got)
		}
		for _, sum := range strings.Fields(s.sh(t, host, "cd /etc/rundock/pki && sha256sum *.key | cut -d' ' -f1")) {
			if keys[sum] {
				t.Errorf("a key of %s is another host's, too", host)
			}
			keys[sum] = true
		}
	}
	if got := s.sh(t, front, "stat -c '%a %U' /etc/rundock/ca/ca.key"); got != "600 root" {
		t.Errorf("the authority's key is %s", got)
	}
	s.sh(t, back1, "! ls /etc/rundock/ca 2>/dev/null")

	// What is announced from now on comes with certificates, and is answered.
	s.sh(t, back1, "rundockd handover")
	s.resolves(t, front, name, record(back1, name))

	t.Run("some hosts alone are not moved back", func(t *testing.T) {
		out, err := s.playbook("-e", "rundock_trust=false", "--limit", back2, "playbooks/site.yml")
		if err == nil || !strings.Contains(out, "etcd does not serve this host without a certificate") {
			t.Errorf("site.yml --limit %s: %v\n%s", back2, err, out)
		}
		s.succeeds(t, back2, "rundockd store check")
	})
	t.Run("one member of etcd becomes three", func(t *testing.T) {
		grown = true
		run(three...)
		s.succeeds(t, back1, "! test -e /etc/sv/rundock-metrics && ! pgrep -f 'rundockd [m]etrics'") // which this run has without figures
		if got := s.awaitMembers(t, back2, 3, "three members"); strings.Count(got, "https://") != 3 {
			t.Errorf("dnsd cluster says:\n%s", got)
		}
		s.sh(t, back2, "! curl -sS --max-time 5 http://"+s.Addr(back1).String()+":2380/version")
		if w.gone() || s.id(t, back1, name) != container {
			t.Error("the record was gone, or the container was replaced")
		}
	})
	t.Run("another authority takes the place of the first", func(t *testing.T) {
		s.sh(t, back2, "cp /etc/rundock/pki/ca.crt /root/ca-before.crt")
		if out, err := s.playbook(append(three, "playbooks/rotate-ca.yml")...); err != nil {
			t.Fatalf("playbooks/rotate-ca.yml: %v\n%s", err, out)
		}
		for _, host := range all {
			s.succeeds(t, host, "rundockd cert status && rundockd store check")
			if got := s.sh(t, host, "grep -c BEGIN /etc/rundock/pki/ca.crt"); got != "1" {
				t.Errorf("%s believes %s authorities", host, got)
			}
		}
		s.sh(t, back2, "! curl -s --max-time 5 --cacert /root/ca-before.crt --cert /etc/rundock/pki/host.crt --key /etc/rundock/pki/host.key https://"+etcd+"/version")
		s.sh(t, back1, "rundockd handover")
		s.resolves(t, front, name, record(back1, name))
		if w.gone() || s.id(t, back1, name) != container {
			t.Error("the record was gone, or the container was replaced")
		}
	})
	t.Run("the authority is lost, and is back from its backup", func(t *testing.T) {
		backups := t.TempDir()
		was := s.sh(t, front, "cd /etc/rundock/ca && sha256sum ca.crt ca.key")
		err := s.hidingPython(func() error {
			if out, err := s.playbook(append(three, "-e", "rundock_backups="+backups, "playbooks/backup.yml")...); err != nil {
				t.Fatalf("backup.yml: %v\n%s", err, out)
			}
			found, _ := filepath.Glob(backups + "/*.ca.tar")
			if len(found) != 1 {
				t.Fatalf("backup.yml has fetched %q", found)
			}
			if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode of the authority's backup = %v, %v, want 0600", info.Mode(), err)
			}
			s.sh(t, front, "rm -r /etc/rundock/ca")
			if out, err := s.playbook(append(three, "--limit", front, "playbooks/site.yml")...); err == nil || !strings.Contains(out, front+", the first host of rundock_etcd, has no authority") {
				t.Errorf("site.yml without the authority: %v\n%s", err, out)
			}
			out, err := s.playbook(append(three, "-e", "rundock_backup="+found[0], "playbooks/restore-ca.yml")...)
			if err != nil {
				t.Fatalf("restore-ca.yml: %v\n%s", err, out)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if is := s.sh(t, front, "cd /etc/rundock/ca && sha256sum ca.crt ca.key"); is != was {
			t.Errorf("the authority is\n%s\nand was\n%s", is, was)
		}
		if got := s.sh(t, front, "stat -c '%a %U' /etc/rundock/ca/ca.key"); got != "600 root" {
			t.Errorf("its key is %s", got)
		}
	})
	t.Run("a second run changes nothing", func(t *testing.T) {
		if out, recap, _ := strings.Cut(run(three...), "PLAY RECAP"); strings.Count(recap, "changed=0 ") != 3 {
			t.Errorf("want changed=0 on three hosts:\n%s%s", out, recap)
		}
	})
	t.Run("three members are moved back, and not two of them", func(t *testing.T) {
		plain := append(etcdOn(all), "-e", "rundock_trust=false")
		if out, err := s.playbook(append(plain, "--limit", front+","+back1, "playbooks/site.yml")...); err == nil || !strings.Contains(out, back2+" is not part of this one") {
			t.Errorf("two members of three: %v\n%s", err, out)
		}
		run(plain...)
		secured = false
		if got := s.awaitMembers(t, back2, 3, "three plain members"); strings.Contains(got, "https://") {
			t.Errorf("dnsd cluster says:\n%s", got)
		}
		same("three plain members", plainEtcdctl)
	})
}

// tellsFigures holds that hosts tell Prometheus what they are and have, a service on back1 among it, and
// containers nothing.
func (s *setup) tellsFigures(t *testing.T, service string) {
	t.Helper()
	figures := s.at(back1, 9158)
	await.Empty(t, "the figures of "+back1+" are told to "+front, func() string {
		got, err := s.try(front, "curl -sfS --max-time 5 http://"+figures+"/metrics")
		for _, want := range []string{`rundock_runner_up{service="` + service + `"} 1`, `rundock_sidecar_up{service="` + service + `"} 1`, `rundock_store_up{store="etcd"} 1`, `rundock_status_unreadable 0`} {
			if err != nil || !strings.Contains(got, "\n"+want+"\n") {
				return fmt.Sprintf("no %s, %v:\n%s", want, err, got)
			}
		}
		return ""
	})
	s.intruders().hold(t, []access{
		{who: "a container", what: "figures of its host", host: back1, inside: service, to: figures},
		{who: "a container", what: "figures of another host", host: back1, inside: service, to: s.at(front, 9158)},
		{who: "another host", what: "figures", host: front, to: figures, can: true},
	})
}
