package e2e

import (
	"os"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/consultest"
)

// TestConsul_site has one run of site.yml put the site on Consul, and another
// put it back on etcd. Meanwhile there is no etcd, and the main line and an
// overlay network are as ever.
func TestConsul_site(t *testing.T) {
	s := need(t)
	binary := consultest.Path(t)
	s.serve(t, back1, "moved")
	t.Cleanup(func() {
		s.site(t)
		for _, host := range []string{front, back1, back2} {
			await.Empty(t, host+" finds the image registry", func() string {
				if got := s.dig(t, host, "registry."+zone); got != s.Addr(front).String() {
					return got
				}
				return ""
			})
		}
		everywhere([]string{front, back1, back2}, func(host string) {
			s.try(host, "rm -f /etc/service/consul; sv -w 30 exit /etc/sv/consul; rm -rf /etc/sv/consul /etc/rundock/consul.json /var/lib/consul /var/log/consul /usr/local/bin/consul; userdel consul")
		})
	})
	consul := []string{"-e", "rundock_store=consul", "-e", "rundock_consul_binary=" + binary}
	s.site(t, consul...)
	s.sh(t, front, "dnsd store stop --dir /var/lib/dnsd/etcd")
	s.settled(t, "moved")
	if got := s.sh(t, back2, "consul kv get -keys skydns/com/example/prod/s/moved/"); got != "skydns/com/example/prod/s/moved/"+back1 {
		t.Errorf("keys in Consul are %q", got)
	}
	await.Empty(t, "Consul's own DNS has it", func() string {
		if got := s.dig(t, back2, "-p 8600 @127.0.0.1 moved.service.consul"); got != s.Addr(back1).String() {
			return "answer " + got
		}
		return ""
	})

	t.Run("an agent that is killed costs no record", func(t *testing.T) {
		w := s.watch(t, back2, "moved")
		s.sh(t, back1, "kill -9 $(cat /etc/service/consul/supervise/pid)")
		s.settled(t, "moved")
		w.steady(t)
	})
	s.absent(t, back1, "moved") // which has the port of the main line's
	t.Run("a second run changes nothing", func(t *testing.T) {
		out, err := s.playbook(append(consul, "--limit", back1, "playbooks/site.yml")...)
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
