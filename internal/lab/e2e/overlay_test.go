package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// netJoin describes a network on each host and starts its agent.
func (s *setup) netJoin(t *testing.T, name, cidr string, vni int) {
	t.Helper()
	for _, host := range []string{front, back1, back2} {
		s.sh(t, host, fmt.Sprintf(`set -e; name=%s; dir=/etc/sv/rundock-overlay-$name
			mkdir -p /etc/rundock/overlay $dir/log /var/log/rundock-overlay-$name
			echo '{"version":1,"name":"%[1]s","cidr":"%s","subnet_length":24,"vni":%d}' >/etc/rundock/overlay/$name.json
			printf '#!/bin/sh\nexec 2>&1\nexec /usr/local/bin/rundockd overlay run '$name'\n' >$dir/run
			printf '#!/bin/sh\nexec svlogd /var/log/rundock-overlay-'$name'\n' >$dir/log/run
			chmod 755 $dir/run $dir/log/run; ln -sfn $dir /etc/service/`, name, cidr, vni))
	}
	t.Cleanup(func() {
		for _, host := range []string{front, back1, back2} {
			out := s.sh(t, host, fmt.Sprintf(`name=%s; docker ps -aq -f network=$name | xargs -r docker rm -f >/dev/null
				sv -w 20 down /etc/service/rundock-overlay-$name >/dev/null; rundockd overlay leave $name 2>&1
				rm /etc/service/rundock-overlay-$name; sv -w 20 exit /etc/sv/rundock-overlay-$name >/dev/null
				rm -rf /etc/sv/rundock-overlay-$name /etc/rundock/overlay/$name.json /var/log/rundock-overlay-$name
				ip -br link | grep -w -e ovl%d -e vx%[2]d; nft list tables | grep -w rundock_ovl%[2]d; ip route | grep 'proto 82 .*vx%[2]d'
				iptables -S | grep -w vx%[2]d; docker network ls -q -f name=^$name$; true`, name, vni))
			if out != "" {
				t.Errorf("%s has left network %s, and has still %s", host, name, out)
			}
		}
	})
}

// netContainer runs a web server in a network and returns its address.
func (s *setup) netContainer(t *testing.T, host, network, options string) string {
	t.Helper()
	name := "on-" + network
	s.sh(t, host, fmt.Sprintf("docker run -d --restart always --name %s --network %s %s %sbusybox:latest httpd -f -p 80 -h /etc", name, network, options, images))
	return s.netAddress(t, host, network)
}

func (s *setup) netAddress(t *testing.T, host, network string) string {
	t.Helper()
	return s.sh(t, host, "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' on-"+network)
}

// fetch returns "" if the container of network on host gets a page there.
func (s *setup) fetch(host, network, url string) string {
	_, err := s.try(host, fmt.Sprintf("nsenter -t $(docker inspect -f '{{.State.Pid}}' on-%s) -n curl -sfm 2 http://%s/hostname", network, url))
	if err != nil {
		return fmt.Sprintf("on-%s of %s does not get %s: %v", network, host, url, err)
	}
	return ""
}

// netWhole waits until each host has joined, with as many peers.
func (s *setup) netWhole(t *testing.T, network string, peers int, hosts ...string) {
	t.Helper()
	for _, host := range hosts {
		eventually(t, host+" is in network "+network, func() string {
			out, _ := s.try(host, "rundockd overlay status "+network)
			if f := strings.Fields(out[strings.LastIndexByte(out, '\n')+1:]); len(f) < 6 || f[1] != "up" || f[4] != fmt.Sprint(peers) || f[5] != "true" {
				log, _ := s.try(host, "tail -5 /var/log/rundock-overlay-"+network+"/current")
				return out + "\n" + log
			}
			return ""
		})
		if left, err := s.try(host, "rundockd overlay check "+network); left != "" || err != nil {
			t.Errorf("check on %s: %v\n%s", host, err, left)
		}
	}
}

func TestOverlay(t *testing.T) {
	s := need(t)
	s.netJoin(t, "apps", "10.42.0.0/16", 7)
	s.netJoin(t, "data", "10.43.0.0/16", 8)
	hosts := []string{front, back1, back2}
	address := map[string]map[string]string{"apps": {}, "data": {}}
	for _, network := range []string{"apps", "data"} {
		s.netWhole(t, network, 2, hosts...)
	}
	for _, host := range hosts {
		address["apps"][host] = s.netContainer(t, host, "apps", "-p 8099:80")
		address["data"][host] = s.netContainer(t, host, "data", "")
	}
	// whole is said of a network whose containers all reach each other.
	whole := func(t *testing.T, hosts ...string) {
		t.Helper()
		for network, at := range address {
			for _, from := range hosts {
				for _, to := range hosts {
					if from != to {
						eventually(t, from+" reaches "+to, func() string { return s.fetch(from, network, at[to]) })
					}
				}
			}
		}
	}
	whole(t, hosts...)

	t.Run("networks are apart in both directions", func(t *testing.T) {
		for _, from := range hosts[:2] {
			for _, to := range hosts[:2] {
				if s.fetch(from, "apps", address["data"][to]) == "" || s.fetch(from, "data", address["apps"][to]) == "" {
					t.Errorf("the networks are not apart between %s and %s", from, to)
				}
			}
		}
	})
	t.Run("hosts reach containers, containers reach hosts and published ports", func(t *testing.T) {
		s.sh(t, front, "curl -sfm 5 http://"+address["apps"][back1]+"/hostname")
		if missing := s.fetch(back1, "data", s.Addr(back2).String()+":8099"); missing != "" {
			t.Error(missing)
		}
		s.sh(t, front, "curl -sfm 5 http://"+s.Addr(back2).String()+":8099/hostname")
	})
	t.Run("the underlay does not reach a port that is not published", func(t *testing.T) {
		s.sh(t, front, "rundockd overlay check")
		out, err := s.try(back2, fmt.Sprintf("ip route replace %s/32 via %s && curl -sm 2 http://%[1]s/hostname; ip route del %[1]s/32", address["data"][back1], s.Addr(back1)))
		if err == nil && out != "" {
			t.Errorf("it does: %s", out)
		}
	})
	t.Run("what is taken away by hand comes back", func(t *testing.T) {
		for _, script := range []string{"ip link del vx7", "ip link del ovl7", "ip addr flush dev ovl7", "ip route flush proto 82",
			"ip neigh flush nud permanent dev vx7", "nft delete table ip rundock_ovl7", "iptables -F DOCKER-USER"} {
			s.sh(t, back1, script)
			eventually(t, "check is empty after "+script, func() string { out, _ := s.try(back1, "rundockd overlay check"); return out })
			whole(t, hosts...)
		}
	})
	t.Run("the agent is killed", func(t *testing.T) {
		s.sh(t, back1, "pkill -9 -f '[r]undockd overlay run'")
		whole(t, hosts...)
		s.netWhole(t, "apps", 2, hosts...)
	})
	t.Run("a flush of the firewall and a restart of dockerd", func(t *testing.T) {
		s.sh(t, back1, "iptables -F; iptables -t nat -F; iptables -X; service docker restart >/dev/null 2>&1")
		eventually(t, "dockerd is back with its containers", func() string {
			out, err := s.try(back1, "docker ps -q -f name=on- | wc -l")
			if err != nil || out != "2" {
				return fmt.Sprint(out, err)
			}
			return ""
		})
		for network := range address {
			if got := s.netAddress(t, back1, network); got != address[network][back1] {
				t.Errorf("the container of %s has %s, had %s", network, got, address[network][back1])
			}
		}
		whole(t, hosts...)
	})
	t.Run("a host that loses power is withdrawn, and comes back with its subnet", func(t *testing.T) {
		if err := s.Stop(back2); err != nil {
			t.Fatal(err)
		}
		s.netWhole(t, "apps", 1, front, back1)
		whole(t, front, back1)
		if err := s.Start(t.Context(), back2); err != nil {
			t.Fatal(err)
		}
		s.netWhole(t, "apps", 2, hosts...)
		s.netWhole(t, "data", 2, hosts...)
		eventually(t, "containers run again", func() string {
			out, err := s.try(back2, "docker ps -q -f name=on- | wc -l")
			if err != nil || out != "2" {
				return fmt.Sprint(out, err)
			}
			return ""
		})
		whole(t, hosts...)
	})
	t.Run("a host that is cut off keeps what it has, and heals", func(t *testing.T) {
		if err := s.Partition(back2); err != nil {
			t.Fatal(err)
		}
		s.netWhole(t, "apps", 1, front, back1)
		if routes := s.sh(t, back2, "ip route show proto 82 | wc -l"); routes != "4" {
			t.Errorf("the host that is cut off has %s routes to peers, want its 4", routes)
		}
		if err := s.Heal(back2); err != nil {
			t.Fatal(err)
		}
		s.netWhole(t, "apps", 2, hosts...)
		whole(t, hosts...)
	})
}
