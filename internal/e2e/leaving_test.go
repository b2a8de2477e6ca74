package e2e

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
)

// TestHosts_that_leave: of two that are drained at once one is refused; a host that
// lost its power is forgotten by the others, and one that is there leaves by itself.
func TestHosts_that_leave(t *testing.T) {
	s := need(t)
	const name = "leaving" // of a service, and of an overlay network
	both := []string{back1, back2}
	everywhere(both, func(host string) {
		s.install(t, host, "state=enabled name="+name+" wait=announced "+plain)
	})
	for _, host := range both { // the first makes the network, whose key says so for as long as it is there
		if r := s.call(t, host, "rundock_overlay", "name="+name+" cidr=10.49.0.0/16 vni=49"); r.Failed {
			t.Errorf("%s does not join the network: %s", host, r.Msg)
		}
	}
	t.Cleanup(func() {
		s.leaveNetwork(t, name)
		s.site(t, "--limit", back2)
		everywhere(both, func(host string) {
			s.sh(t, host, "rundockd undrain")
			s.absent(t, host, name)
		})
	})

	if t.Failed() {
		t.FailNow()
	}

	t.Run("facts", func(t *testing.T) {
		var got struct {
			Groups   []string
			Services []struct{ Name, Verdict, Digest, State string }
			Networks []struct{ Name, Subnet string }
		}
		await.Empty(t, "all is as it should be", func() string {
			out := s.sh(t, back2, "rundockd facts --json || [ $? = 1 ]")
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			for _, service := range got.Services {
				if service.Name == name && (service.Verdict != "ok" || service.State != "running" || !strings.HasPrefix(service.Digest, strings.TrimSuffix(images, "/")+"/")) {
					return heard(out)
				}
			}
			if len(got.Groups) == 0 || len(got.Networks) != 1 || got.Networks[0].Name != name || got.Networks[0].Subnet == "" {
				return heard(out)
			}
			return ""
		})
	})

	t.Run("two that are drained at once", func(t *testing.T) {
		said := map[string]string{}
		var mu sync.Mutex
		everywhere(both, func(host string) {
			out, _ := s.try(host, "rundockd drain --timeout 2m 2>&1; echo exit code $?")
			mu.Lock()
			defer mu.Unlock()
			said[host] = out
		})
		all := said[back1] + "\n" + said[back2]
		if strings.Count(all, "exit code 0") != 1 || strings.Count(all, "exit code 3") != 1 || strings.Count(all, "this host has the last instance of "+name+"."+zone) != 1 {
			t.Errorf("want one that is drained and one that is refused:\n%q", said)
		}
		everywhere(both, func(host string) { s.sh(t, host, "rundockd undrain") })
		s.awaitBoth(t, name)
	})

	// stored is what the store has of back2: its keys, and its subnet, which names it in the value.
	stored := func() string {
		return s.sh(t, front, etcdctl+"get --prefix --keys-only / | grep -e "+back2+"; "+etcdctl+"get --prefix /rundock/v1/overlay/"+name+"/ | grep -e "+back2+"; true")
	}
	remove := func(want ...string) {
		t.Helper()
		for _, check := range [][]string{{"--check"}, nil} {
			out, err := s.playbook(append(check, "-e", "rundock_gone="+back2, "playbooks/remove-host.yml")...)
			if err != nil {
				t.Fatalf("remove-host.yml %v: %v\n%s", check, err, out)
			}
			for _, w := range want {
				if check == nil && !strings.Contains(out, w) {
					t.Errorf("remove-host.yml does not say %q\n%s", w, out)
				}
			}
		}
		out, err := s.playbook("-e", "rundock_gone="+back2, "playbooks/remove-host.yml")
		if _, recap, _ := strings.Cut(out, "PLAY RECAP"); err != nil || strings.Contains(recap, "changed=1") {
			t.Errorf("remove-host.yml again: %v\n%s", err, out)
		}
		if left := stored(); left != "" {
			t.Errorf("the store has of it:\n%s", left)
		}
	}
	t.Run("one that lost its power", func(t *testing.T) {
		if err := s.Stop(back2); err != nil {
			t.Fatal(err)
		}
		s.sh(t, front, etcdctl+`put /rundock/v1/loadbalancers/`+back2+` '{"id":"gone/balance","services":["leaving"]}'`)
		remove("place among the load balancers of "+back2+" is free", "of network "+name+" of "+back2+" is free")
		if err := s.Start(t.Context(), back2); err != nil {
			t.Fatal(err)
		}
		s.awaitBoth(t, name)
		await.Empty(t, "it is in the network again", func() string {
			out, err := s.try(back2, "rundockd overlay status "+name)
			if err == nil && strings.Contains(stored(), `"subnet"`) {
				return ""
			}
			return out + "\n" + stored()
		})
	})
	t.Run("one that is there", func(t *testing.T) {
		if out, err := s.try(back1, "rundockd forget-host "+back2+" 2>&1"); err == nil || !strings.Contains(out, back2+" lives") {
			t.Errorf("forget-host of a host that lives: %v\n%s", err, out)
		}
		remove("left on " + back2 + ": Debian packages")
		if left := s.sh(t, back2, "ls -d /etc/rundock/host.json /etc/rundock/pki /usr/local/bin/rundockd /usr/local/bin/dnsd /etc/sv/docker-* /etc/sv/dnsd /etc/sv/rundock-* /etc/sv/overlay-* /etc/rundock/filter.json /etc/rundock/overlay 2>/dev/null; nft list tables | grep rundock; docker network ls -q -f name="+name+"; docker ps -aq; grep 127.0.0.1 /etc/resolv.conf; true"); left != "" {
			t.Errorf("left on it:\n%s", left)
		}
		s.resolves(t, front, name, record(back1, name))
	})
}

// awaitBoth waits until a service is announced by both back hosts.
func (s *setup) awaitBoth(t *testing.T, service string) {
	t.Helper()
	await.Empty(t, service+" is found on both hosts", func() string {
		got := s.dig(t, front, service+"."+zone)
		for _, host := range []string{back1, back2} {
			if !strings.Contains(got, s.Addr(host).String()) {
				return heard(got)
			}
		}
		return ""
	})
}
