package e2e

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/sitefilter"
)

// intruders are who tries what docs/security.md claims: a container of Docker's own
// network and one of an overlay network, on a host that has etcd and images and on one that
// has not, root on a host, and a machine beside the hosts, which is the lab's own.
type intruders struct {
	*setup
	machine *net.Dialer // of the machine beside them, by the private network
}

// patience is how many seconds one try takes: longer where it is let in, as a busy machine is no filter.
func (c access) patience() int {
	if c.can {
		return 20
	}
	return 3
}

func (s *setup) intruders() intruders {
	at := s.Addr(front).As4()
	at[3] = 2
	return intruders{s, &net.Dialer{LocalAddr: &net.TCPAddr{IP: netip.AddrFrom4(at).AsSlice()}}}
}

// access is a line of docs/security.md, or a part of it.
type access struct {
	who, what string
	host      string // on which it is tried; "": by the machine beside
	inside    string // the container in whose network namespace it is tried; "": by root of the host
	to        string // ADDRESS:PORT to which TCP is tried, or
	script    string // a script that succeeds where the intruder does
	can       bool   // it is let in
}

func (c access) String() string {
	return fmt.Sprintf("%s, %s on %q: %s %s%s", c.who, c.inside, c.host, c.what, c.to, c.script)
}

// succeeds tries what is claimed.
func (i intruders) succeeds(c access) bool {
	if c.host == "" {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.patience())*time.Second)
		defer cancel()
		conn, err := i.machine.DialContext(ctx, "tcp4", c.to)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	script := c.script
	if script == "" {
		at := netip.MustParseAddrPort(c.to)
		script = fmt.Sprintf("timeout %d bash -c '</dev/tcp/%s/%d'", c.patience(), at.Addr(), at.Port())
	}
	if c.inside != "" {
		script = "nsenter -t $(docker inspect -f '{{.State.Pid}}' " + c.inside + ") -n sh -c '" + strings.ReplaceAll(script, "'", `'\''`) + "'"
	}
	_, err := i.try(c.host, script)
	return err == nil
}

// hold tries all claims, until who is to be let in is.
func (i intruders) hold(t *testing.T, claims []access) {
	t.Helper()
	var all sync.WaitGroup
	for _, c := range claims {
		all.Go(func() {
			if c.can {
				await.True(t, c.String()+": it is let in", func() bool { return i.succeeds(c) })
			} else if i.succeeds(c) {
				t.Errorf("%s: it is let in", c)
			}
		})
	}
	all.Wait()
}

// TestSecurity_claims_hold tries what docs/security.md says of packets. What needs
// certificates is tried by TestTrust_moves_a_plain_site_and_back.
func TestSecurity_claims_hold(t *testing.T) {
	o := &overlays{setup: need(t), hosts: []string{front, back1}, address: map[string]string{}}
	i := o.intruders()
	o.join(t, "apps", "10.42.0.0/16", 42)
	everywhere(o.hosts, func(host string) {
		// A process of the host's own, at a port that nobody knows; and a service, beside a container that asks it.
		o.sh(t, host, "docker run -d --name hostile "+images+"busybox:latest sleep 100000; docker run -d --name inside --network apps "+images+"busybox:latest sleep 100000; docker run -d --name served -p 8099:80 "+images+"busybox:latest httpd -f -p 80 -h /etc; (setsid python3 -m http.server 7777 >/dev/null 2>&1 & echo $! >/run/own.pid); until curl -so /dev/null 127.0.0.1:7777; do sleep 0.1; done")
	})
	t.Cleanup(func() {
		everywhere(o.hosts, func(host string) {
			o.try(host, "docker rm -f hostile inside served; kill $(cat /run/own.pid); rm /run/own.pid")
		})
	})
	if t.Failed() {
		t.FailNow()
	}
	for _, host := range o.hosts {
		await.Empty(t, "the filter of "+host+" knows the network and the service", func() string {
			out := o.sh(t, host, "rundockd filter status")
			if strings.Contains(out, "vx42") && strings.Contains(out, "ovl42") && strings.Contains(out, "8099/tcp") {
				return ""
			}
			return heard(out)
		})
	}
	i.hold(t, i.claims(t))

	t.Run("flushed", func(t *testing.T) {
		o.sh(t, front, "nft flush ruleset inet || nft delete table inet "+sitefilter.TableName)
		await.Empty(t, "it is put right", func() string {
			out, err := o.try(front, "rundockd filter check")
			if err != nil {
				return out + err.Error()
			}
			return ""
		})
		i.hold(t, []access{{who: "a container", host: front, inside: "hostile", to: i.at(front, 2379)}})
	})
	t.Run("switched off and on", func(t *testing.T) { i.switchOff(t) })
}

func (s *setup) at(host string, port int) string {
	return netip.AddrPortFrom(s.Addr(host), uint16(port)).String()
}

// claims are those of docs/security.md about who reaches what.
func (i intruders) claims(t *testing.T) (all []access) {
	t.Helper()
	other := map[string]string{front: back1, back1: front}
	for _, host := range []string{front, back1} {
		for _, inside := range []string{"hostile", "inside"} {
			by := func(what, to string, can bool) {
				all = append(all, access{who: "a container", what: what, host: host, inside: inside, to: to, can: can})
			}
			own := i.Addr(host)
			by("etcd", i.at(front, 2379), false)
			by("the image registry", i.at(front, 5000), false)
			by("ssh of its host", i.at(host, 22), false)
			by("ssh of another host", i.at(back2, 22), false)
			by("whatever its host has", i.at(host, 7777), false)
			by("dnsd's metrics", i.at(host, 9153), false)
			by("a service of another host", i.at(other[host], 8099), true)
			if inside == "hostile" { // Docker keeps its networks apart
				by("a service of its host", i.at(host, 8099), true)
			}
			by("DNS by TCP", i.at(host, 53), true)
			for _, server := range []string{own.String(), i.Addr(back2).String()} {
				all = append(all, access{who: "a container", what: "DNS", host: host, inside: inside, can: true,
					script: "dig +tries=3 +time=10 @" + server + " registry." + zone + " | grep -q 'status: NOERROR'"})
			}
			if inside == "inside" {
				gateway := i.addressOf(t, host, "ovl42")
				for _, from := range []string{front, back1} {
					all = append(all, access{who: "a container", what: "a gateway of the network", host: from, inside: inside, to: gateway + ":22"},
						access{who: "a container", what: "a gateway of the network", host: from, inside: inside, to: gateway + ":2379"})
				}
			}
		}
	}
	for port, can := range map[int]bool{2379: false, 2380: false, 5000: false, 9153: false, 53: true, 22: true, 8099: true} {
		all = append(all, access{who: "a machine beside", what: "a port of", to: i.at(front, port), can: can})
	}
	for _, port := range []int{2379, 5000, 22, 53} {
		all = append(all, access{who: "root on another host", what: "a port of", host: back2, to: i.at(front, port), can: true})
	}
	return append(all, access{who: "root on another host", what: "dnsd's metrics of", host: back2, to: i.at(front, 9153)})
}

// switchOff has site.yml take the filter away and put it back, as a check of both shows
// before.
func (i intruders) switchOff(t *testing.T) {
	run := func(filter string, flags ...string) string {
		t.Helper()
		out, err := i.playbook(append([]string{"playbooks/site.yml", "-e", "rundock_filter=" + filter}, flags...)...)
		if err != nil {
			t.Fatalf("rundock_filter=%s: %v\n%s", filter, err, out)
		}
		return out
	}
	table := "nft list table inet " + sitefilter.TableName
	if out := run("false", "--check", "--diff", "--limit", back1); !strings.Contains(out, "changed=2 ") { // its service, and its table with the settings
		t.Errorf("a check of taking it away:\n%s", out)
	}
	i.sh(t, back1, table)
	run("false", "--limit", back1)
	i.sh(t, back1, "! "+table+" 2>/dev/null && ! ls -d /etc/sv/rundock-filter /etc/service/rundock-filter /etc/rundock/filter.json 2>/dev/null")
	i.hold(t, []access{{who: "a container, without the filter", host: back1, inside: "hostile", to: i.at(back1, 7777), can: true}})
	if out := run("true", "--check", "--diff", "--limit", back1); !strings.Contains(out, "+    \"hosts\"") {
		t.Errorf("a check of putting it back shows no filter.json:\n%s", out)
	}
	run("true") // of all hosts, as what it knew of others is gone
	i.hold(t, []access{{who: "a container", host: back1, inside: "hostile", to: i.at(back1, 7777)}})
}
