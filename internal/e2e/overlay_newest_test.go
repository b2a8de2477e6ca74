package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
	"rundock/internal/lab"
)

// newest is the Debian release with the newest Docker, which knows what is
// tested here in another way than bookworm's: since 28 it drops what comes for
// a container from elsewhere itself.
const newest = "forky"

// withNewest brings up a lab of the test's own, whose third host is of Debian
// newest, as is the Ansible that handles it.
func (s *setup) withNewest(t *testing.T) *setup {
	t.Helper()
	releases := lab.Options{Releases: map[string]string{back2: newest}}
	mixed := s.another(t, releases)
	mixed.ansible = s.core(t, newest).command
	mixed.sh(t, back2, "dpkg --purge docker-cli") // which this docker.io only recommends
	if out, err := mixed.playbook("--check", "playbooks/site.yml"); err != nil || !strings.Contains(out, "would install docker-cli and") {
		t.Errorf("site.yml in check mode, on hosts that were never set up: %v, want that it would install docker-cli:\n%s", err, out)
	}
	if err := mixed.fill(t.Context(), releases); err != nil {
		t.Fatal(err)
	}
	return mixed
}

// Hosts with Docker of bookworm and the newest in the same two networks, the
// services shop and cart of each announced as container, and one in both; then
// one of them becomes a host with the newest, while its containers run.
func TestOverlay_with_the_newest_Docker(t *testing.T) {
	o := &overlays{setup: need(t).withNewest(t), hosts: []string{front, back1, back2}, address: map[string]string{}}
	dockerd := func(host string) string {
		return o.sh(t, host, "docker version -f '{{.Server.Version}} with API {{.Server.APIVersion}}'")
	}
	if old, latest := dockerd(back1), dockerd(back2); old == latest {
		t.Fatalf("both have dockerd %s", old)
	} else {
		t.Logf("dockerd %s and %s", old, latest)
	}
	o.join(t, "apps", "10.42.0.0/16", 42)
	o.join(t, "data", "10.43.0.0/16", 43)
	outside := o.outside(t)
	for _, host := range o.hosts {
		o.remove(t, host, "shop", "cart", "both")
	}
	var all sync.WaitGroup
	for name, params := range map[string]string{"shop": "networks=apps args='-p $PRIVATE_IP:8099:80'", "cart": "networks=data", "both": "networks=apps,data"} {
		all.Go(func() {
			o.module(t, "rundock", "state=enabled name="+name+" image="+images+"grafana:latest announce=80 announce_as=container wait=announced "+params)
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	var mu sync.Mutex
	everywhere(o.hosts, func(host string) {
		for name, network := range map[string]string{"shop": "apps", "cart": "data"} {
			a := o.sh(t, host, "docker inspect -f '{{.NetworkSettings.Networks."+network+".IPAddress}}' "+name)
			mu.Lock()
			o.address[name+" "+host] = a
			mu.Unlock()
		}
		both := strings.Fields(o.sh(t, host, "docker inspect -f '{{.NetworkSettings.Networks.apps.IPAddress}} {{.NetworkSettings.Networks.data.IPAddress}}' both"))
		mu.Lock()
		defer mu.Unlock()
		o.address["shop's both "+host], o.address["cart's both "+host] = both[0], both[1]
	})

	for _, c := range []struct{ when, disturb string }{
		{"at first", ""},
		{"after a flush of the firewall", "nft flush ruleset; iptables -P FORWARD DROP"},
		{"after a restart of dockerd", "service docker restart >/dev/null 2>&1"},
		{"after both", "nft flush ruleset; iptables -P FORWARD DROP; service docker restart >/dev/null 2>&1"},
	} {
		t.Run(c.when, func(t *testing.T) {
			if c.disturb != "" {
				o.sh(t, back2, c.disturb)
			}
			o.served(t, outside)
			o.apart(t)
		})
	}
	t.Run("after dockerd became the newest beneath running containers", func(t *testing.T) {
		const kept = "docker inspect -f '{{.Id}} {{.State.StartedAt}}' shop cart both; docker network inspect -f '{{.Id}}' apps data"
		before := o.sh(t, back1, kept)
		o.exchangeDockerd(t)
		if old, latest := dockerd(back1), dockerd(back2); old != latest {
			t.Fatalf("dockerd is %s still", old)
		}
		o.served(t, outside)
		o.apart(t)
		if after := o.sh(t, back1, kept); after != before {
			t.Errorf("containers and networks were\n%s\nand are\n%s", before, after)
		}
	})
	t.Run("an agent that comes after the newest dockerd", func(t *testing.T) {
		const raw = "iptables -t raw -S PREROUTING"
		o.sh(t, back2, "sv -w 60 stop overlay-apps overlay-data >/dev/null; "+raw+" | sed -n 's/^-A \\(.*ACCEPT\\)$/iptables -t raw -D \\1/p' | sh; service docker restart >/dev/null 2>&1")
		if rules := o.sh(t, back2, raw); !strings.Contains(rules, "-j DROP") || strings.Contains(rules, "-j ACCEPT") {
			t.Fatalf("dockerd alone has\n%s", rules)
		}
		o.sh(t, back2, "sv -w 60 start overlay-apps overlay-data >/dev/null")
		o.served(t, outside)
		o.apart(t)
	})
}

// exchangeDockerd starts back2's dockerd, and its proxy, on back1 in the place of
// its own. To install the packages takes ten times as long.
func (o *overlays) exchangeDockerd(t *testing.T) {
	t.Helper()
	from, err := o.Command(t.Context(), back2, "tar", "-C", "/usr/sbin", "-c", "dockerd", "docker-proxy")
	if err != nil {
		t.Fatal(err)
	}
	to, err := o.Command(t.Context(), back1, "tar", "-C", "/usr/sbin", "-x")
	if err != nil {
		t.Fatal(err)
	}
	if to.Stdin, err = from.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(from.Start(), to.Run(), from.Wait()); err != nil {
		t.Fatalf("copy dockerd: %v", err)
	}
	o.sh(t, back1, "service docker restart >/dev/null 2>&1")
	await.Empty(t, "dockerd answers", func() string {
		if out, err := o.try(back1, "docker version"); err != nil {
			return heard(out)
		}
		return ""
	})
}

// outside serves who called, on this machine, which is in no overlay network,
// and returns where.
func (o *overlays) outside(t *testing.T) string {
	t.Helper()
	machine := o.Addr(front).As4()
	machine[3] = 2
	listener, err := net.Listen("tcp", netip.AddrPortFrom(netip.AddrFrom4(machine), 0).String())
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintln(w, host)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// served waits until all that is to be reached is, from where it says, and
// until the agents have nothing to put right.
func (o *overlays) served(t *testing.T, outside string) {
	t.Helper()
	// ask prints what differs from what is wanted.
	const ask = `ask() { got=$(curl -sfm 5 "$2" 2>&1) || got="nothing, curl $?"; [ "$got" = "$1" ] || echo "$3: $got"; }
`
	await.Empty(t, "all is reached", func() string {
		var mu sync.Mutex
		var all []string
		everywhere(o.hosts, func(host string) {
			var script strings.Builder
			script.WriteString(ask)
			fmt.Fprintln(&script, "rundockd overlay check 2>&1")
			for _, name := range []string{"shop", "cart"} {
				local := o.address[name+" "+host]
				in := func(url string) string { return "http://" + local + "/get?url=" + url }
				for _, other := range o.hosts {
					fmt.Fprintf(&script, "ask %s '%s' '%s asks %s by name'\n", local, in("http://"+other+"."+name+"."+zone+"/caller"), name, other)
					fmt.Fprintf(&script, "ask 'pong grafana latest' http://%s/ping 'the host asks %s of %s'\n", o.address[name+" "+other], name, other)
					fmt.Fprintf(&script, "ask %s '%s' '%s asks the one of %s in both networks'\n", local, in("http://"+o.address[name+"'s both "+other]+"/caller"), name, other)
					fmt.Fprintf(&script, "ask 'pong grafana latest' http://%s/ping 'the host asks the one of %s in both networks, as %s does'\n", o.address[name+"'s both "+other], other, name)
					if other != host {
						port := "http://" + o.Addr(other).String() + ":8099/ping"
						fmt.Fprintf(&script, "ask 'pong grafana latest' '%s' '%s asks the published port of %s'\n", in(port), name, other)
						fmt.Fprintf(&script, "ask 'pong grafana latest' %s 'the host asks the published port of %s'\n", port, other)
					}
				}
				fmt.Fprintf(&script, "ask %s '%s' '%s asks outside'\n", o.Addr(host), in("http://"+outside), name)
			}
			out, err := o.try(host, script.String())
			if err != nil {
				out += err.Error()
			}
			if out != "" {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, "\n"+host+": "+out)
			}
		})
		return strings.Join(all, "")
	})
}

// apart tells what is reached and must not be: from a container those of the
// other network, and from the underlay, past the tunnel, any.
func (o *overlays) apart(t *testing.T) {
	t.Helper()
	everywhere(o.hosts, func(host string) {
		var containers, routes, underlay strings.Builder
		for name, foreign := range map[string]string{"shop": "cart", "cart": "shop"} {
			for _, other := range o.hosts {
				fmt.Fprintf(&containers, "{ curl -sfm 3 'http://%s/get?url=http://%s/ping' >/dev/null && echo %s reaches %s of %s; } &\n",
					o.address[name+" "+host], o.address[foreign+" "+other], name, foreign, other)
				if other != host {
					at := o.address[name+" "+other]
					fmt.Fprintf(&routes, "ip route add %s via %s && ", at, o.Addr(other))
					fmt.Fprintf(&underlay, "{ curl -sm 3 http://%s/ping >/dev/null; [ $? = 28 ] || echo the underlay gets an answer from %s of %s; ip route del %[1]s; } &\n", at, name, other)
				}
			}
		}
		if out := o.sh(t, host, containers.String()+"wait\n"+routes.String()+"true || exit\n"+underlay.String()+"wait"); out != "" {
			t.Errorf("%s: %s", host, out)
		}
	})
}
