package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/consultest"
)

// TestConsul_site has one run of site.yml put the site on Consul, with the etcd that
// is there as its second store for records, and another put it back on etcd. The
// record of a service is in both, and each store bears the loss of the other. For the
// rest there is no etcd, and the main line, an overlay network and a deployment behind
// load balancers are as ever.
func TestConsul_site(t *testing.T) {
	s := need(t)
	balanced := blueGreen{s}
	binary := consultest.Path(t)
	s.serve(t, back1, "moved")
	t.Cleanup(func() {
		s.site(t, "-i", balanced.balanced(t, unbalanced))
		for _, host := range []string{front, back1, back2} {
			await.Equal(t, host+" finds the image registry", s.Addr(front).String(), func() string { return s.dig(t, host, "registry."+zone) })
		}
		everywhere([]string{front, back1, back2}, func(host string) {
			s.try(host, "rm -f /etc/service/consul; sv -w 30 exit /etc/sv/consul; rm -rf /etc/sv/consul /etc/rundock/consul.json /var/lib/consul /var/log/consul /usr/local/bin/consul; userdel consul")
		})
	})
	etcd := "http://" + s.Addr(front).String() + ":2379"
	consul := []string{"-e", "rundock_store=consul", "-e", "rundock_consul_binary=" + binary,
		"-e", "rundock_second_store=etcd", "-e", `{"rundock_etcd_endpoints": ["` + etcd + `"]}`}
	consul = append(consul, "-i", balanced.balanced(t, balancing))
	s.site(t, consul...)
	s.awaitFound(t, "moved")
	await.Empty(t, "Consul holds its key", func() string {
		if got, err := s.try(back2, "consul kv get -keys skydns/com/example/prod/s/moved/"); err != nil || got != "skydns/com/example/prod/s/moved/"+back1 {
			return fmt.Sprintf("keys in Consul are %q, %v", got, err)
		}
		return ""
	})
	await.Equal(t, "Consul's own DNS has it", s.Addr(back1).String(), func() string { return s.dig(t, back2, "-p 8600 @127.0.0.1 moved.service.consul") })

	t.Run("a dnsd that reads etcd has it as well", func(t *testing.T) {
		pid := s.sh(t, back2, "setsid dnsd --listen 127.0.0.1:5354 --metrics '' --etcd "+etcd+" >/dev/null 2>&1 </dev/null & echo $!")
		defer s.sh(t, back2, "kill "+pid)
		await.Equal(t, "it is found", s.Addr(back1).String(), func() string { return s.dig(t, back2, "-p 5354 @127.0.0.1 moved."+zone) })
	})
	t.Run("an agent that is killed costs no record", func(t *testing.T) {
		// The same at the end: it was neither deleted nor written meanwhile.
		inEtcd := func() string {
			return s.sh(t, front, etcdctl+"get /skydns/com/example/prod/s/moved/"+back1+" -w json | grep -o '\"create_revision.*version\":[0-9]*'")
		}
		before := inEtcd()
		w := s.watch(t, back2, "moved")
		s.sh(t, back1, "kill -9 $(cat /etc/service/consul/supervise/pid)")
		s.awaitFound(t, "moved")
		w.steady(t)
		if got := inEtcd(); got != before {
			t.Errorf("etcd has the record with %s, and had it with %s", got, before)
		}
	})
	t.Run("an etcd that is stopped costs none either, and is said to be away", func(t *testing.T) {
		w := s.watch(t, back2, "moved")
		s.sh(t, front, "dnsd store stop --dir /var/lib/dnsd/etcd")
		await.Empty(t, "explain says so", func() string {
			out, err := s.try(back1, "rundockd explain moved")
			if err == nil || !strings.Contains(out, "etcd: ") {
				return fmt.Sprintf("%v: %s", err, out)
			}
			return ""
		})
		s.awaitFound(t, "moved")
		w.steady(t)
	})
	s.absent(t, back1, "moved") // which has the port of the main line's
	t.Run("a second run changes nothing", func(t *testing.T) {
		out, err := s.playbook(slices.Concat(consul, []string{"--limit", back1, "playbooks/site.yml"})...)
		if _, recap, _ := strings.Cut(out, "PLAY RECAP"); !strings.Contains(recap, "changed=0 ") || err != nil {
			t.Errorf("want changed=0: %v\n%s", err, out)
		}
	})
	t.Run("the main line", TestSmoke)
	t.Run("an overlay network", func(t *testing.T) {
		o := &overlays{setup: s, hosts: []string{front, back1, back2}, address: map[string]string{}}
		o.join(t, "apps", "10.42.0.0/16", 7)
		o.pages(t)
		o.whole(t, o.hosts...)
		if err := o.Stop(back2); err != nil {
			t.Fatal(err)
		}
		o.whole(t, front, back1)
		if err := o.Start(t.Context(), back2); err != nil {
			t.Fatal(err)
		}
		o.whole(t, o.hosts...)
	})
	t.Run("a version takes over", func(t *testing.T) {
		s.remove(t, back1, "web-blue", "web-green")
		s.remove(t, back2, "web-blue", "web-green")
		balanced.deployed(t, "1")
		balanced.serves(t, "1", "blue")
		ended := balanced.load(t)
		balanced.deployed(t, "2")
		balanced.serves(t, "2", "green")
		if sent, failures := ended(); failures != "" {
			t.Errorf("of %v requests failed:\n%s", sent, failures)
		}
	})
}

func TestConsul_variables_that_are_wrong_are_named(t *testing.T) {
	s := need(t)
	missing := t.TempDir() + "/consul"
	for variable, want := range map[string]string{
		"rundock_store=zookeeper":                                                                   `rundock_store "zookeeper" is neither etcd nor consul`,
		"rundock_consul_binary=" + missing + " rundock_store=consul":                                "rundock_consul_binary " + missing + " is no file on this machine",
		`{"rundock_store": "consul", "rundock_consul_servers": ["nobody"]}`:                         "rundock_consul_servers: the inventory has no nobody",
		`{"rundock_store": "consul", "rundock_consul_servers": ["` + front + `", "` + back1 + `"]}`: "Consul wants 1, 3 or 5 servers",
		"rundock_consul_address=127.0.0.1:8500":                                                     `rundock_consul_address "127.0.0.1:8500" is no URL`,
	} {
		out, err := s.playbook("-e", variable, "--limit", back1, "playbooks/site.yml")
		if err == nil || !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), want) {
			t.Errorf("site.yml with %s: %v, want %s\n%s", variable, err, want, out)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Errorf("%s is there", missing)
	}
}
