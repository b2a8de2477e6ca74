package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestOverlay_module has three hosts join two networks by the role, and
// services on them reach each other by name, from host to host.
func TestOverlay_module(t *testing.T) {
	s := need(t)
	hosts := []string{front, back1, back2}
	const networks = `{"rundock_overlays":[{"name":"apps","cidr":"10.46.0.0/16","vni":46},{"name":"zone","cidr":"10.47.0.0/16","vni":47}]}`
	play := filepath.Join(t.TempDir(), "play.yml")
	if err := os.WriteFile(play, []byte("- hosts: all\n  become: true\n  gather_facts: false\n  roles: [overlay]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.leaveNetwork(t, "apps")
		s.leaveNetwork(t, "zone")
	})
	s.remove(t, front, "client")
	s.remove(t, back1, "shop")
	s.remove(t, back2, "cart")
	everywhere(hosts, func(host string) { s.sh(t, host, "rm -rf /var/log/overlay-apps /var/log/overlay-zone") }) // of networks of these names before

	t.Run("a second call changes nothing", func(t *testing.T) {
		for _, recap := range []string{"changed=1 ", "changed=0 "} {
			out, err := s.playbook(play, "-e", networks, "--diff")
			if err != nil || strings.Count(out, recap) != len(hosts) {
				t.Fatalf("want %s of each host: %v\n%s", recap, err, out)
			}
		}
		for _, host := range hosts {
			if out, err := s.try(host, "rundockd overlay check"); out != "" || err != nil {
				t.Errorf("%s: rundockd overlay check: %s, %v", host, out, err)
			}
			if log := s.sh(t, host, "cat /var/log/overlay-apps/current /var/log/overlay-zone/current"); strings.Contains(log, "put right what was changed") {
				t.Errorf("%s takes what dockerd does as it makes its network for tampering:\n%s", host, log)
			}
		}
	})

	service := func(network string) string {
		return fmt.Sprintf(" image=%sinfluxdb:latest networks=%s announce=8086 announce_as=container wait=announced", images, network)
	}
	everywhere(hosts, func(host string) {
		switch host {
		case front:
			s.install(t, host, "state=enabled name=client image="+images+"influxdb:latest networks=apps wait=running")
		case back1:
			s.install(t, host, "state=enabled name=shop"+service("apps,zone"))
		case back2:
			s.install(t, host, "state=enabled name=cart"+service("zone"))
		}
	})
	client := s.sh(t, front, "docker inspect -f '{{.NetworkSettings.Networks.apps.IPAddress}}' client")
	// The client's container asks, from inside of network apps.
	get := func(name string) string {
		return fmt.Sprintf("curl -sf -m 10 'http://%s:8086/get?url=http://%s.%s:8086/health'", client, name, zone)
	}
	subnet := func(host, network string) string {
		return s.sh(t, host, `sed -n 's/.*"subnet":"\([0-9]*\.[0-9]*\.[0-9]*\)\..*/\1/p' /run/rundock/overlay/`+network+".json")
	}

	t.Run("services are found and reached by name", func(t *testing.T) {
		for name, want := range map[string]string{"shop": subnet(back1, "apps"), "cart": subnet(back2, "zone")} {
			s.resolves(t, front, name, fmt.Sprintf("10 100 8086 node-back-%s.%s.%s.", map[string]string{"shop": "1", "cart": "2"}[name], name, zone))
			if got := s.dig(t, front, name+"."+zone); !strings.HasPrefix(got, want+".") {
				t.Errorf("%s is at %q, want it in %s.0/24", name, got, want)
			}
		}
		for _, host := range hosts {
			for _, name := range []string{"shop", "cart"} {
				await.Nil(t, name+" is reached by "+host, func() error {
					_, err := s.try(host, "curl -sf -m 10 http://"+name+"."+zone+":8086/health")
					return err
				})
			}
		}
		s.sh(t, front, get("shop"))
		if out, err := s.try(front, strings.Replace(get("cart"), "-m 10", "-m 2", 1)); err == nil {
			t.Errorf("a container of apps reaches one of zone: %s", out)
		}
	})

	t.Run("a host with the machine id of another is kept out", func(t *testing.T) {
		says := func(want string) {
			t.Helper()
			await.Empty(t, "overlay status on "+back1+" says "+want, func() string {
				out, _ := s.try(back1, "rundockd overlay status --json zone")
				if strings.Contains(out, want) {
					return ""
				}
				return heard(out)
			})
		}
		own, its := s.sh(t, back1, "cat /etc/machine-id"), s.sh(t, back2, "cat /etc/machine-id")
		entry := "rundockd overlay peers zone | awk '/node-back-2/ { print $2, $3, $4 }'"
		before := s.sh(t, front, entry)
		s.sh(t, back1, "echo "+its+" >/etc/machine-id; sv -w 60 restart overlay-zone")
		says("network zone: node-back-2 at ")
		s.sh(t, front, "curl -sf -m 10 http://cart."+zone+":8086/health")
		if after := s.sh(t, front, entry); after != before {
			t.Errorf("node-back-2 was %s, and is %s", before, after)
		}
		s.sh(t, back1, "echo "+own+" >/etc/machine-id; sv -w 60 restart overlay-zone")
		says(`"verdict": "ok"`)
	})

	t.Run("absent refuses while there are containers", func(t *testing.T) {
		for _, flags := range [][]string{{"--check"}, nil} {
			r := s.call(t, back1, "rundock_overlay", "name=apps state=absent", flags...)
			if !r.Failed || r.Changed || r.Msg != "network apps still has containers: shop (force=true takes them off it)" {
				t.Errorf("absent %v: changed=%v, %s", flags, r.Changed, r.Msg)
			}
		}
		s.sh(t, front, get("shop"))
	})

	t.Run("a container comes back into a network that is made anew", func(t *testing.T) {
		before := s.id(t, back1, "shop")
		// As its runner does now and then, in the moment between its being taken off and the network's end.
		s.sh(t, back1, "setsid timeout 60 sh -c 'while docker network inspect apps; do docker network connect apps shop; sleep 0.05; done' >/dev/null 2>&1 &")
		if r := s.call(t, back1, "rundock_overlay", "name=apps state=absent force=true"); r.Failed || !r.Changed {
			t.Fatalf("absent by force: %s", r.Msg)
		}
		s.resolves(t, front, "shop", "")
		if r := s.call(t, back1, "rundock_overlay", "name=apps cidr=10.46.0.0/16 vni=46"); r.Failed || !r.Changed {
			t.Fatalf("present again: %s", r.Msg)
		}
		s.resolves(t, front, "shop", "10 100 8086 node-back-1.shop."+zone+".")
		await.Empty(t, "shop is reached again", func() string {
			if out, err := s.try(front, get("shop")); err != nil {
				return out + err.Error()
			}
			return ""
		})
		if after := s.id(t, back1, "shop"); after != before {
			t.Errorf("the container was restarted: %s, was %s", after, before)
		}
	})

	t.Run("containers move with their host to another subnet", func(t *testing.T) {
		before, was := s.id(t, back1, "shop"), subnet(back1, "apps")
		s.sh(t, back1, "docker run -d --name byhand --network apps --network-alias hand "+images+"busybox:latest sleep 1d >/dev/null")
		defer s.sh(t, back1, "docker rm -f byhand")
		// As after the loss of the store's data, when another host was faster.
		s.sh(t, front, fmt.Sprintf(etcdctl+`put /rundock/v1/overlay/apps/subnets/%s.0-24 '{"id":"other","host":"node-9","subnet":"%[1]s.0/24","underlay":"192.0.2.99","mac":"02:00:00:00:00:09","seen":"2026-01-01T00:00:00Z"}'`, was))
		await.Empty(t, "shop and byhand are in the new subnet", func() string {
			now := subnet(back1, "apps")
			out, err := s.try(back1, "docker inspect -f '{{.NetworkSettings.Networks.apps.IPAddress}} {{.NetworkSettings.Networks.apps.Aliases}}' shop byhand")
			lines := strings.Split(out, "\n")
			if err != nil || now == was || now == "" || len(lines) != 2 || !strings.HasPrefix(lines[0], now+".") || !strings.HasPrefix(lines[1], now+".") || !strings.Contains(lines[1], "hand") {
				return fmt.Sprintf("%s, subnet was %s, is %s: %s", out, was, now, fmt.Sprint(err))
			}
			return ""
		})
		await.Empty(t, "shop is reached again", func() string {
			if out, err := s.try(front, get("shop")); err != nil {
				return out + err.Error()
			}
			return ""
		})
		if after := s.id(t, back1, "shop"); after != before {
			t.Errorf("the container was restarted: %s, was %s", after, before)
		}
		s.sh(t, front, "rundockd overlay forget apps node-9")
	})

	t.Run("a container waits for its network", func(t *testing.T) {
		s.sh(t, back2, "sv -w 60 stop docker-cart && sv -w 60 stop overlay-zone && docker network rm zone >/dev/null && rm /run/rundock/overlay/zone.json && sv -w 60 start docker-cart")
		await.Empty(t, "status says what cart waits for", func() string {
			out, _ := s.try(back2, "cat /run/rundock/cart/runner.json")
			if !strings.Contains(out, `"phase":"waiting"`) || !strings.Contains(out, "network zone is not there yet: its agent has said nothing: see sv status overlay-zone") {
				return heard(out)
			}
			return ""
		})
		if out, _ := s.asked(t, back2, "rundockd status cart"); !strings.Contains(out, "network zone is not there yet") {
			t.Errorf("rundockd status does not say what cart waits for:\n%s", out)
		}
		s.sh(t, back2, "sv -w 60 start overlay-zone")
		s.resolves(t, front, "cart", "10 100 8086 node-back-2.cart."+zone+".")
	})

	t.Run("absent frees the subnets", func(t *testing.T) {
		everywhere(hosts, func(host string) {
			s.install(t, host, "state=absent name="+map[string]string{front: "client", back1: "shop", back2: "cart"}[host])
		})
		out, err := s.playbook(play, "-e", strings.ReplaceAll(networks, `"vni"`, `"state":"absent","vni"`))
		if err != nil || strings.Count(out, "changed=1 ") != len(hosts) {
			t.Fatalf("leaving: %v\n%s", err, out)
		}
		if keys := s.sh(t, front, etcdctl+"get --prefix --keys-only /rundock/v1/overlay/"); regexp.MustCompile(`/(apps|zone)/`).MatchString(keys) {
			t.Errorf("left in the store:\n%s", keys)
		}
		for _, host := range hosts {
			if left := s.sh(t, host, "ip -br link | grep -E 'ovl4[67]|vx4[67]'; ls /etc/rundock/overlay /run/rundock/overlay /var/lib/rundock/overlay | grep -E 'apps|zone'; docker network ls -q -f label=rundock.overlay; ls -d /etc/s*/overlay-* 2>/dev/null; true"); regexp.MustCompile(`ovl|vx|apps\.json|zone\.json|overlay-(apps|zone)`).MatchString(left) {
				t.Errorf("%s: left is\n%s", host, left)
			}
		}
	})

	t.Run("a host that is gone for good is forgotten", func(t *testing.T) { refusedThenForgotten(t, s) })
}

// refusedThenForgotten has a network whose one host is gone for good: others
// are refused in its name, write nothing, and can have the network otherwise
// once the host is forgotten.
func refusedThenForgotten(t *testing.T, s *setup) {
	const otherwise = "name=apps cidr=10.48.0.0/16 vni=48"
	present := func(host, args string) result {
		t.Helper()
		r := s.call(t, host, "rundock_overlay", args)
		if r.Failed {
			t.Fatalf("%s: %s: %s", host, args, r.Msg)
		}
		return r
	}
	present(front, "name=apps cidr=10.46.0.0/16 vni=46")
	s.sh(t, front, "sv -w 60 stop overlay-apps")
	onDisk := "ls -d /etc/rundock/overlay/* /etc/s*/overlay-* 2>/dev/null; true"
	before := s.sh(t, back1, onDisk)
	for _, flags := range [][]string{{"--check"}, nil} {
		r := s.call(t, back1, "rundock_overlay", otherwise, flags...)
		if !r.Failed || r.Changed || !regexp.MustCompile(`cidr is 10\.48\.0\.0/16 here \(node-back-1\) and 10\.46\.0\.0/16 in the store .* if it is gone for good, rundockd overlay forget apps node-front-1$`).MatchString(r.Msg) {
			t.Errorf("another cidr %v: changed=%v, %s", flags, r.Changed, r.Msg)
		}
	}
	if after := s.sh(t, back1, onDisk); after != before {
		t.Errorf("a join that is refused left\n%s\nwant\n%s", after, before)
	}
	out := s.sh(t, back1, "rundockd overlay forget apps node-front-1")
	if !regexp.MustCompile(`^network apps: 10\.46\.\d+\.0/24 is free, which was that of node-front-1, last seen .*\nnetwork apps: no host is left in it`).MatchString(out) {
		t.Errorf("forget says %q", out)
	}
	present(back1, otherwise)

	// The store is away from back1 alone, which leaves all the same.
	etcd := s.sh(t, back1, `sed -n 's|.*://\([0-9.]*\):2379.*|\1|p' /etc/rundock/host.json | head -1`)
	s.sh(t, back1, "ip route add unreachable "+etcd+"/32")
	r := s.call(t, back1, "rundock_overlay", "name=apps state=absent force=true")
	s.sh(t, back1, "ip route del unreachable "+etcd+"/32")
	if r.Failed || !r.Changed || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "stays taken in the name of node-back-1") {
		t.Errorf("leaving without the store: %+v", r)
	}
	await.Empty(t, "the subnet is given back once the store is back", func() string {
		r := s.call(t, back1, "rundock_overlay", "name=apps state=absent")
		if !r.Failed && (!r.Changed || r.Msg != "apps: subnet given back") {
			t.Fatalf("leaving once the store is back: %+v", r)
		}
		if r.Failed { // the program that speaks with the store tries it again within a second
			return r.Msg
		}
		return ""
	})
	present(front, "name=apps state=absent")
	if keys := s.sh(t, front, etcdctl+"get --prefix --keys-only /rundock/v1/overlay/apps/ | grep -v /alive/; true"); keys != "" {
		t.Errorf("left in the store:\n%s", keys)
	}
}

// leaveNetwork has all hosts leave a network that is still there.
func (s *setup) leaveNetwork(t *testing.T, network string) {
	for _, host := range []string{front, back1, back2} {
		if _, err := s.try(host, "test -e /etc/rundock/overlay/"+network+".json"); err == nil {
			if r := s.call(t, host, "rundock_overlay", "state=absent force=true name="+network); r.Failed {
				t.Errorf("%s does not leave network %s: %s", host, network, r.Msg)
			}
		}
	}
}
