package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestCluster_of_three has one run of site.yml make the store of one host a cluster
// of three, which goes on without any of them, and another one take it back. Either is lost and
// restored from a backup.
func TestCluster_of_three(t *testing.T) {
	s := need(t)
	s.serve(t, back1, "clustered")
	all := []string{front, back1, back2}
	// A run of site.yml is what most time goes into: the first host is a load balancer, for the
	// upgrade, from the run on that has etcd grow, and none any more by the one that takes it back.
	one := append(etcdOn(all[:1]), "-i", balanced(t, unbalanced, front))
	three := append(etcdOn(all), "-i", balanced(t, shopFront, front))
	o := &overlays{setup: s, hosts: all, address: map[string]string{}}
	o.join(t, "backed", "10.44.0.0/16", 44)
	t.Cleanup(func() {
		s.site(t, one...)
		everywhere([]string{back1, back2}, func(host string) {
			await.Empty(t, host+" keeps no etcd", func() string {
				out, _ := s.try(host, "dnsd store status --dir /var/lib/dnsd/etcd")
				return out
			})
			s.sh(t, host, "rm -rf /var/lib/dnsd/etcd")
		})
		// Where etcd had other members, site.yml leaves it ready for some again.
		s.sh(t, front, `sed -i '/--embed-etcd-peer/d' /etc/sv/dnsd/run && sed -i '$s| \\$||' /etc/sv/dnsd/run && sv -w 60 restart dnsd >/dev/null`)
		s.awaitFound(t, "clustered")
		s.absent(t, back1, "clustered")
	})
	drop := func() {
		s.sh(t, front, etcdctl+"del /rundock/v1/switch/restored; "+etcdctl+"del --prefix /skydns/com/example/prod/s/restored/")
	}
	t.Cleanup(drop)
	s.sh(t, front, etcdctl+`put /rundock/v1/switch/restored '{"active":"green","to":"green","phase":"settled"}'; `+etcdctl+`put /skydns/com/example/prod/s/restored/static '{"host":"10.9.0.7"}'`)
	t.Run("one that has lost records has them again from a backup", func(t *testing.T) {
		s.goesBack(t, append(etcdOn(all[:1]), "--limit", front), drop)
	})

	w := s.watch(t, front, "clustered")
	container := s.id(t, back1, "clustered")
	s.site(t, three...)
	s.awaitFound(t, "clustered")
	if w.gone() || s.id(t, back1, "clustered") != container {
		t.Error("the record was gone, or the container was replaced")
	}
	s.awaitMembers(t, back2, 3, "three members")
	w.stop()
	out, err := s.playbook(append(three, "--limit", front, "playbooks/site.yml")...)
	if _, recap, _ := strings.Cut(out, "PLAY RECAP"); !strings.Contains(recap, "changed=0 ") || err != nil {
		t.Errorf("a second run: want changed=0: %v\n%s", err, out)
	}

	t.Cleanup(func() { s.Start(context.Background(), back2) }) // where the test ends before it does
	t.Run("power loss of one of them is nobody's", func(t *testing.T) {
		if err := s.Stop(back2); err != nil {
			t.Fatal(err)
		}
		s.rundock(t, back1, "state=disabled name=clustered")
		s.install(t, back1, "state=enabled name=clustered "+plain)
		await.Equal(t, "what is announced meanwhile is found on "+front, s.Addr(back1).String(), func() string { return s.dig(t, front, "clustered."+zone) })
		if out, err := s.playbook(append(three, "-e", "rundock_backup="+s.inventory, "playbooks/restore.yml")...); err == nil || !strings.Contains(out, "nothing was changed, as "+back2+" cannot be reached") {
			t.Errorf("restore.yml without it: %v\n%s", err, out)
		}
	})

	t.Run("without a majority names are answered, services run, and changes are refused", func(t *testing.T) { s.withoutMajority(t, back2, front) })

	t.Run("three that have lost all data have them again from a backup", func(t *testing.T) {
		s.goesBack(t, three, func() {
			everywhere(all, func(host string) {
				if out, err := s.try(host, "sv -w 30 down dnsd && dnsd store stop --dir /var/lib/dnsd/etcd && rm -r /var/lib/dnsd/etcd/data && sv up dnsd"); err != nil {
					t.Errorf("on %s: %v %s", host, err, out)
				}
			})
		})
		s.awaitMembers(t, back2, 3, "three restored members")
	})

	t.Run("all is upgraded under load", func(t *testing.T) { s.upgradesUnderLoad(t, three) })

	t.Run("a host with one of them leaves for good", func(t *testing.T) {
		if out, err := s.playbook(append(three, "-e", "rundock_gone="+back2, "playbooks/remove-host.yml")...); err != nil {
			t.Fatalf("remove-host.yml: %v\n%s", err, out)
		}
		if got := s.awaitMembers(t, front, 2, "two members that are left"); strings.Contains(got, back2) {
			t.Errorf("dnsd cluster says:\n%s", got)
		}
		s.resolves(t, front, "clustered", record(back1, "clustered"))
	})
}

// withoutMajority takes the power from another one of three hosts with etcd, for longer than all
// leases; away is without it already. Then both come back.
func (s *setup) withoutMajority(t *testing.T, away, another string) {
	container := s.id(t, back1, "clustered")
	w := s.watch(t, back1, "clustered")
	down := time.Now()
	if err := s.Stop(another); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Start(context.Background(), another) }) // where the test fails before it does
	await.Empty(t, "a record without a majority is refused on account of that", func() string {
		r := s.call(t, back1, "rundock_record", "name=refused host=10.9.0.9")
		if !r.Failed {
			t.Fatalf("it is written: %s", r.Msg)
		}
		if !strings.Contains(r.Msg, "etcd: no answer within 1s from ") || !strings.Contains(r.Msg, "most of its members are away") {
			return heard(r.Msg)
		}
		return ""
	})
	lost := 20 * time.Second // longer than the leases of all records, which are of 15 s
	if benching() {
		lost = 5 * time.Minute
	}
	time.Sleep(time.Until(down.Add(lost))) // nothing is to change meanwhile
	s.says(t, back1, "rundockd status clustered", "3", "unreached", "most of its members are away")
	if got := s.dig(t, back1, "SRV clustered."+zone); got != record(back1, "clustered") || s.id(t, back1, "clustered") != container {
		t.Errorf("after %s without a majority the service is answered as %q, and its container is %q, was %q", lost, got, s.id(t, back1, "clustered"), container)
	}
	everywhere([]string{away, another}, func(host string) {
		if err := s.Start(t.Context(), host); err != nil {
			t.Error(err)
		}
	})
	s.awaitMembers(t, front, 3, "all that are members again by themselves")
	s.awaitFound(t, "clustered")
	w.steady(t)
	if got := s.keys(t, "clustered"); got != "clustered/"+back1 {
		t.Errorf("keys in etcd are %q", got)
	}
	if got := s.keys(t, "refused"); got != "" {
		t.Errorf("what was refused is there: %q", got)
	}
}

// awaitMembers waits until so many members of etcd answer host, and returns what dnsd cluster says of them.
func (s *setup) awaitMembers(t *testing.T, host string, count int, what string) (says string) {
	t.Helper()
	await.Empty(t, what+" answer", func() string {
		var err error
		says, err = s.try(host, "dnsd cluster")
		if strings.Count(says, "answers") == count && err == nil {
			return ""
		}
		return fmt.Sprintf("dnsd cluster says %q, %v", says, err)
	})
	return says
}

// etcdctl asks a host's own etcd, in a script: by the host's certificate where host.json has the host
// come by one. The other two do and do not, whatever it has.
const (
	etcdctl          = "ETCDCTL_API=3 etcdctl $(if grep -qs 'https:.*:2379' /etc/rundock/host.json; then echo " + certified + "; else echo " + plainly + "; fi) "
	certifiedEtcdctl = "ETCDCTL_API=3 etcdctl " + certified + " "
	plainEtcdctl     = "ETCDCTL_API=3 etcdctl " + plainly + " "

	certified = "--endpoints https://127.0.0.1:2379 --cacert /etc/rundock/pki/ca.crt --cert /etc/rundock/pki/host.crt --key /etc/rundock/pki/host.key"
	plainly   = "--endpoints http://127.0.0.1:2379"
)

func TestCluster_of_two_is_refused(t *testing.T) {
	s := need(t)
	out, err := s.playbook("-e", `{"rundock_etcd_hosts": ["`+front+`", "`+back1+`"]}`, "--limit", back1, "playbooks/site.yml")
	if err == nil || !strings.Contains(out, "has 2 hosts, want 1, 3 or 5") {
		t.Errorf("site.yml with two hosts for etcd: %v\n%s", err, out)
	}
}
