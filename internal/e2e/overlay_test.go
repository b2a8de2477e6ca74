package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
)

// overlays are networks of all hosts, with a web server of each on it.
type overlays struct {
	*setup
	hosts   []string
	names   []string
	address map[string]string // of "apps node-back-1", its container
}

// everywhere runs f for each host at the same time.
func everywhere(hosts []string, f func(host string)) {
	var wg sync.WaitGroup
	for _, host := range hosts {
		wg.Go(func() { f(host) })
	}
	wg.Wait()
}

// join makes a network of all hosts.
func (o *overlays) join(t *testing.T, name, cidr string, vni int) {
	t.Helper()
	o.names = append(o.names, name)
	t.Cleanup(func() {
		everywhere(o.hosts, func(host string) { o.try(host, "docker ps -aq -f network="+name+" | xargs -r docker rm -f") })
		o.module(t, "rundock_overlay", "state=absent name="+name)
		everywhere(o.hosts, func(host string) { o.nothingLeft(t, host, name, cidr, vni) })
	})
	o.module(t, "rundock_overlay", fmt.Sprintf("name=%s cidr=%s vni=%d", name, cidr, vni))
	if t.Failed() {
		t.FailNow()
	}
}

// module is the ad-hoc call of a module on all hosts.
func (o *overlays) module(t *testing.T, module, args string) {
	t.Helper()
	cmd := o.ansible(o.checkout, "ansible", "-i", o.inventory, strings.Join(o.hosts, ","), "-b", "-m", module, "-a", args)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", module, args, err, out)
	}
}

// nothingLeft looks for what is left of a network.
func (o *overlays) nothingLeft(t *testing.T, host, name, cidr string, vni int) {
	out, err := o.try(host, fmt.Sprintf(`name=%s; ls -d /etc/service/*overlay-$name /etc/sv/overlay-$name /etc/rundock/overlay/$name.json /run/rundock/overlay/$name.json /run/rundock/overlay/$name.ports 2>/dev/null
		ip -br link | grep -w -e ovl%d -e vx%[2]d; nft list tables | grep -w rundock_ovl%[2]d; ip route | grep 'proto 82 .*vx%[2]d'
		ip route show type unreachable proto 82 exact %[3]s
		{ iptables -S; iptables -t raw -S; } | grep -w -e vx%[2]d -e ovl%[2]d; docker network ls -q -f name=^$name$; true`, name, vni, cidr))
	if out != "" || err != nil {
		t.Errorf("%s has left network %s, and has still %s%v", host, name, out, err)
	}
}

// pages has a web server on each host in each of its networks.
func (o *overlays) pages(t *testing.T) {
	t.Helper()
	var mu sync.Mutex
	everywhere(o.hosts, func(host string) {
		var script strings.Builder
		for i, name := range o.names {
			publish := ""
			if i == 0 {
				publish = "-p 8099:80 "
			}
			fmt.Fprintf(&script, "docker run -d --restart always --name on-%s --network %[1]s %s%sbusybox:latest httpd -f -p 80 -h /etc >/dev/null\n", name, publish, images)
		}
		out, err := o.try(host, script.String()+"docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' on-"+strings.Join(o.names, " on-"))
		found := strings.Fields(out)
		if len(found) != len(o.names) || err != nil {
			t.Errorf("containers on %s: %s %v", host, out, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for i, name := range o.names {
			o.address[name+" "+host] = found[i]
		}
	})
	if t.Failed() {
		t.FailNow()
	}
}

// whole waits until these hosts have joined all networks, see the others of
// them and no more, and their containers reach each other.
func (o *overlays) whole(t *testing.T, hosts ...string) {
	t.Helper()
	missing := make(map[string]string)
	var mu sync.Mutex
	await.Empty(t, strings.Join(hosts, ", ")+" are one", func() string {
		everywhere(hosts, func(host string) {
			out, err := o.try(host, o.survey(host, hosts))
			mu.Lock()
			defer mu.Unlock()
			if missing[host] = out; err != nil {
				missing[host] += err.Error()
			}
		})
		all := ""
		for _, host := range hosts {
			if missing[host] != "" {
				all += "\n" + host + ": " + missing[host]
			}
		}
		return all
	})
}

// survey is a script that prints what host misses.
func (o *overlays) survey(host string, hosts []string) string {
	var script strings.Builder
	fmt.Fprintf(&script, "[ $(docker ps -q -f name=on- | wc -l) = %d ] || { echo its containers do not run; exit 0; }\n", len(o.names))
	for _, name := range o.names {
		fmt.Fprintf(&script, `set -- $(rundockd overlay status %s | tail -n 1)
			[ "$2 $5 $6" = "up %d yes" ] || { echo "$@"; tail -n 3 /var/log/overlay-%[1]s/current; }
			rundockd overlay check %[1]s 2>&1
			pid=$(docker inspect -f '{{.State.Pid}}' on-%[1]s)
			`, name, len(hosts)-1)
		for _, other := range hosts {
			if other != host {
				fmt.Fprintf(&script, "nsenter -t $pid -n curl -sfm 2 -o /dev/null http://%s/hostname || echo on-%s does not reach that of %s\n", o.address[name+" "+other], name, other)
			}
		}
	}
	return script.String()
}

// reaches reports whether the container of network on host gets a page there.
func (o *overlays) reaches(host, network, at string) bool {
	_, err := o.try(host, fmt.Sprintf("nsenter -t $(docker inspect -f '{{.State.Pid}}' on-%s) -n curl -sfm 2 http://%s/hostname", network, at))
	return err == nil
}

// Three hosts, two networks, everything that happens to them. What the agent
// does about each thing that is taken away is tested in namespaces, by
// internal/overlay.
func TestOverlay(t *testing.T) {
	o := &overlays{setup: need(t), hosts: []string{front, back1, back2}, address: map[string]string{}}
	o.join(t, "apps", "10.42.0.0/16", 7)
	o.join(t, "data", "10.43.0.0/16", 8)
	o.pages(t)
	o.whole(t, o.hosts...)

	t.Run("networks are apart in both directions", func(t *testing.T) {
		from := func(host, network, other string) {
			everywhere(o.hosts[:2], func(to string) {
				if o.reaches(host, network, o.address[other+" "+to]) {
					t.Errorf("that of network %s on %s reaches that of %s on %s", network, host, other, to)
				}
			})
		}
		everywhere(o.hosts[:2], func(host string) {
			from(host, "apps", "data")
			from(host, "data", "apps")
		})
	})
	t.Run("hosts reach containers, containers reach published ports", func(t *testing.T) {
		o.sh(t, front, "curl -sfm 10 http://"+o.address["apps "+back1]+"/hostname; curl -sfm 10 http://"+o.Addr(back2).String()+":8099/hostname")
		if !o.reaches(back1, "data", o.Addr(back2).String()+":8099") {
			t.Error("a container does not reach a published port of another host")
		}
	})
	t.Run("the underlay does not reach a port that is not published", func(t *testing.T) {
		out, err := o.try(back2, fmt.Sprintf("ip route replace %s/32 via %s && curl -sm 2 http://%[1]s/hostname; ip route del %[1]s/32", o.address["data "+back1], o.Addr(back1)))
		if err == nil && out != "" {
			t.Errorf("it does: %s", out)
		}
	})
	t.Run("a path that large packets do not pass is found, and found to be wide again", func(t *testing.T) {
		// What they send to each other is lost without a word, where it is
		// larger than on a path of MTU 1300.
		hole := func(do string) {
			everywhere(o.hosts[:2], func(host string) { o.sh(t, host, do) })
		}
		// A packet of many segments would be seen as one, as no card splits it.
		hole("ip link set vx7 gso_max_segs 1; nft 'add table ip hole; add chain ip hole in { type filter hook input priority -100; }; add rule ip hole in ip saddr { " +
			o.Addr(front).String() + ", " + o.Addr(back1).String() + " } udp dport 4789 meta length > 1300 drop'")
		defer hole("ip link set vx7 gso_max_segs 65535; nft delete table ip hole 2>/dev/null || true")
		// Or it would be found half a minute later.
		again := func() { hole("sv -w 60 restart overlay-apps >/dev/null") }
		again()
		to := o.address["apps "+back1]
		await.Empty(t, "the path is narrow", func() string {
			missing := ""
			for _, host := range o.hosts[:2] {
				if routes := o.sh(t, host, "ip route show proto 82 dev vx7"); !strings.Contains(routes, "mtu lock 1250") {
					missing += host + ":\n" + routes
				}
			}
			return missing
		})
		o.sh(t, back1, "docker exec on-apps dd if=/dev/zero of=/etc/large bs=1000000 count=4 2>/dev/null")
		o.sh(t, front, "nsenter -t $(docker inspect -f '{{.State.Pid}}' on-apps) -n curl -sfm 30 -o /dev/null http://"+to+"/large")
		if out := o.sh(t, front, "rundockd overlay check apps; rundockd overlay explain "+to); !strings.Contains(out, "packets of 1250 bytes pass, the network's MTU is 1450") {
			t.Errorf("explain says\n%s", out)
		}
		hole("nft delete table ip hole")
		again()
		await.Empty(t, "the path is wide", func() string {
			out, _ := o.try(front, "ip route show proto 82 dev vx7 | grep mtu")
			return out
		})
	})
	t.Run("the routes of a container in several networks are put back", func(t *testing.T) {
		o.sh(t, back1, "docker run -d --name both --network apps "+images+"busybox:latest sleep 1d >/dev/null")
		defer o.sh(t, back1, "docker rm -f both >/dev/null")
		inside := "nsenter -n -t $(docker inspect -f '{{.State.Pid}}' both) ip route "
		there := func() string {
			routes := o.sh(t, back1, inside+"show proto 82")
			if strings.Contains(routes, "10.42.0.0/16 via ") && strings.Contains(routes, "10.43.0.0/16 via ") {
				return ""
			}
			return routes + "\nis all"
		}
		await.Empty(t, "it answers by the first", func() string {
			if routes := o.sh(t, back1, inside+"show proto 82"); !strings.Contains(routes, "10.42.0.0/16 via ") {
				return "its routes are " + routes
			}
			return ""
		})
		o.sh(t, back1, "docker network connect data both") // by hand, later
		await.Empty(t, "it has both", there)
		o.sh(t, back1, inside+"flush proto 82")
		await.Empty(t, "it has both again", there)
		await.Equal(t, "the logs say it twice", "2", func() string {
			return o.sh(t, back1, "cat /var/log/overlay-apps/current /var/log/overlay-data/current | grep 'in a container' | grep -c container=both || true")
		})
	})
	t.Run("devices, tables, rules and agents that are lost come back", func(t *testing.T) {
		o.sh(t, back1, "ip link del vx7; ip link del ovl8; nft delete table ip rundock_ovl7; iptables -F; iptables -X || true; pkill -9 -f '[r]undockd overlay run'")
		o.whole(t, o.hosts...)
	})
	t.Run("a flush of the firewall and a restart of dockerd", func(t *testing.T) {
		// With live-restore, dockerd itself does not bring all its chains back.
		o.sh(t, back1, "nft flush ruleset; iptables -P FORWARD DROP; service docker restart >/dev/null 2>&1")
		o.whole(t, o.hosts...)
	})
	t.Run("an underlay that gets a smaller MTU", func(t *testing.T) {
		s := o.setup
		dev := s.sh(t, back1, `ip -o addr | grep -w "$(sed -n 's/.*"underlay":"\([^"]*\)".*/\1/p' /run/rundock/overlay/apps.json)" | awk '{print $2}'`)
		before := s.sh(t, back1, "cat /sys/class/net/"+dev+"/mtu")
		// Containers stay attached, and another agent finds nothing in its way.
		for _, step := range []struct{ mtu, inside, agent string }{{"1400", "1350", "-w 60 restart"}, {before, "", "status"}} {
			s.sh(t, back1, "ip link set "+dev+" mtu "+step.mtu+"; sv "+step.agent+" overlay-apps")
			await.Empty(t, "network and check follow", func() string {
				out, err := s.try(back1, `rundockd overlay check; rundockd overlay status; cat /sys/class/net/ovl7/mtu; sed -n 's/.*"state":"\([a-z]*\)".*/\1/p' /run/rundock/overlay/apps.json`)
				if lines := strings.Split(out, "\n"); err != nil || !strings.HasSuffix(out, step.inside+"\nup") || !strings.HasPrefix(lines[0], "NETWORK") {
					return fmt.Sprint(out, err)
				}
				return ""
			})
			if r := s.call(t, back1, "rundock_overlay", "name=apps cidr=10.42.0.0/16 vni=7"); r.Failed || r.Changed {
				t.Errorf("a call with an underlay of MTU %s: %+v", step.mtu, r)
			}
		}
		o.whole(t, o.hosts...)
	})

	t.Run("a host that gets another machine id keeps its subnet", func(t *testing.T) {
		s := o.setup
		look := `sed -n 's/.*"subnet":"\([^"]*\)".*/\1/p' /run/rundock/overlay/apps.json`
		subnet := s.sh(t, back1, look)
		s.sh(t, back1, "cp /etc/machine-id /run/machine-id.was; tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id")
		for _, next := range []string{"cp /run/machine-id.was /etc/machine-id", "rm /run/machine-id.was"} {
			if out, err := s.try(back1, "rundockd overlay check"); out != "" || err != nil {
				t.Errorf("check finds something to do before another agent starts: %s, %v", out, err)
			}
			s.sh(t, back1, "sv -w 60 restart overlay-apps")
			o.whole(t, o.hosts...)
			if now := s.sh(t, back1, look); now != subnet {
				t.Errorf("the subnet is %s, was %s", now, subnet)
			}
			s.sh(t, back1, next)
		}
	})

	t.Run("a host that cannot reach the store is reached all the same", func(t *testing.T) {
		s := o.setup
		s.sh(t, back2, "iptables -I OUTPUT -p tcp --dport 2379 -j DROP; iptables -I INPUT -p tcp --sport 2379 -j DROP")
		open := func() {
			s.sh(t, back2, "iptables -D OUTPUT -p tcp --dport 2379 -j DROP; iptables -D INPUT -p tcp --sport 2379 -j DROP")
		}
		answered := 0
		await.Empty(t, "front and back1 ask it in the network, as its lease is over", func() string {
			if o.reaches(front, "apps", o.address["apps "+back2]) {
				answered++
			}
			for _, host := range []string{front, back1} {
				if out, _ := s.asked(t, host, "rundockd overlay peers apps"); !strings.Contains(out, " late ") {
					return host + ":\n" + out
				}
			}
			return ""
		})
		// It would have been withdrawn a moment later, and until the store is back.
		for range 5 {
			if _, err := o.try(front, "ping -q -c 20 -i 0.1 -W 1 "+o.address["apps "+back2]); err != nil {
				t.Errorf("a host that answers was withdrawn: %v", err)
			}
		}
		if answered == 0 {
			t.Error("it was not reached while its lease ran out")
		}
		open()
		o.whole(t, o.hosts...)
		await.Empty(t, "it is alive again", func() string {
			if out, _ := s.asked(t, front, "rundockd overlay peers apps"); strings.Contains(out, " late ") {
				return out
			}
			return ""
		})
	})

	t.Run("hosts that lose power or are cut off are withdrawn, and come back", func(t *testing.T) {
		if err := o.Partition(back2); err != nil {
			t.Fatal(err)
		}
		if err := o.Stop(back1); err != nil {
			t.Fatal(err)
		}
		o.whole(t, front)
		if routes := o.sh(t, back2, "ip route show proto 82 | grep -c onlink"); routes != "4" {
			t.Errorf("the host that is cut off has %s routes to peers, want its 4: it cannot know", routes)
		}
		if err := o.Heal(back2); err != nil {
			t.Fatal(err)
		}
		if err := o.Start(t.Context(), back1); err != nil {
			t.Fatal(err)
		}
		o.whole(t, o.hosts...)
	})
}
