package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
)

// firewallPackages are Debian's of a program that keeps a host's firewall, with
// what it needs to run. Others than root would need polkit as well.
var firewallPackages = map[string][]string{
	back1: {
		"dbus", "dbus-bin", "dbus-daemon", "dbus-system-bus-common", "firewalld", "gir1.2-glib-2.0", "libapparmor1", "libdbus-1-3",
		"libgirepository-1.0-1", "libglib2.0-0", "python3-dbus", "python3-firewall", "python3-gi", "python3-nftables",
	},
	back2: {"ufw"},
}

const startFirewalld = `firewalld --nopid >/dev/null 2>&1; until firewall-cmd --state >/dev/null 2>&1; do sleep 0.1; done
`

// A host whose firewall firewalld keeps, one with ufw, one with none. The first
// two are closed, as they are without a rule; then opened as the page says.
func TestOverlay_beside_firewalls(t *testing.T) {
	o := &overlays{setup: need(t), hosts: []string{front, back1, back2}, address: map[string]string{}}
	o.withFirewalls(t)
	closed := map[string]string{ // by host, a script
		// dockerd takes part only in a firewalld that it found when it started.
		back1: startFirewalld + "service docker restart >/dev/null 2>&1",
		back2: "ufw allow ssh >/dev/null && ufw --force enable >/dev/null",
	}
	again := map[string]string{
		back1: "kill $(pidof -x firewalld); while pidof -x firewalld >/dev/null; do sleep 0.1; done; " + startFirewalld,
		back2: "ufw disable >/dev/null && ufw --force enable >/dev/null",
	}
	reloaded := map[string]string{back1: "firewall-cmd -q --reload", back2: "ufw reload >/dev/null"}
	both := func(scripts map[string]string) {
		t.Helper()
		everywhere([]string{back1, back2}, func(host string) {
			if out, err := o.try(host, scripts[host]); err != nil {
				t.Errorf("on %s: %s: %s%v", host, scripts[host], out, err)
			}
		})
		if t.Failed() {
			t.FailNow()
		}
	}

	both(closed)
	o.join(t, "apps", "10.42.0.0/16", 42)
	t.Cleanup(func() {
		both(map[string]string{back1: "kill $(pidof -x firewalld); service dbus stop >/dev/null", back2: "ufw disable >/dev/null"})
	})
	var mu sync.Mutex
	everywhere(o.hosts, func(host string) {
		at := o.sh(t, host, fmt.Sprintf(`docker run -d --restart always --name on-apps --network apps -p 8099:80 %sbusybox:latest httpd -f -p 80 -h /etc >/dev/null
			docker inspect -f '{{.NetworkSettings.Networks.apps.IPAddress}}' on-apps`, images))
		mu.Lock()
		defer mu.Unlock()
		o.address["apps "+host] = at
	})
	if t.Failed() {
		t.FailNow()
	}
	await.Empty(t, "it is told that other hosts do not answer", func() string {
		return o.untold(t, map[string]int{front: 2, back1: 2, back2: 2})
	})
	if out, _ := o.try(front, "rundockd overlay explain "+o.address["apps "+back1]); !strings.Contains(out, "see that no firewall, of either host or between them, drops UDP port 4789") {
		t.Errorf("explain says\n%s", out)
	}
	if r := o.call(t, front, "rundock_overlay", "name=apps cidr=10.42.0.0/16 vni=42"); r.Failed || r.Changed || !strings.Contains(strings.Join(r.Warnings, " "), "2 of 2 other hosts answer nothing in the network") {
		t.Errorf("the module: changed=%v failed=%v, warns %q", r.Changed, r.Failed, r.Warnings)
	}

	page, err := os.ReadFile(filepath.Join(o.checkout, "docs/overlay.md"))
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]string{}
	for _, b := range blocks(string(page)) {
		for host, command := range map[string]string{back1: "firewall-cmd ", back2: "ufw "} {
			if strings.HasPrefix(b.text, command) {
				open[host] = "set -e; { " + strings.TrimSpace(b.text) + "; } >/dev/null"
			}
		}
	}
	for _, c := range []struct {
		when    string
		scripts map[string]string
	}{{"opened", open}, {"reloaded", reloaded}, {"stopped and started", again}} {
		t.Run(c.when, func(t *testing.T) {
			both(c.scripts)
			o.whole(t, o.hosts...)
			await.Empty(t, "all is let through, and no more", func() string { return o.missed(t) })
		})
	}
	await.Empty(t, "it is told no more", func() string {
		return o.untold(t, map[string]int{front: 0, back1: 0, back2: 0})
	})
}

// withFirewalls installs firewallPackages until the test ends, and leaves the
// hosts' firewalls as they were.
func (s *setup) withFirewalls(t *testing.T) {
	t.Helper()
	debs := map[string]string{}
	for host, packages := range firewallPackages {
		var err error
		if debs[host], err = s.Debs("bookworm", packages...); err != nil {
			t.Fatal(err)
		}
	}
	onBoth := func(script func(host string) string) {
		t.Helper()
		everywhere([]string{back1, back2}, func(host string) {
			if _, err := s.try(host, "{ "+script(host)+"; } >/run/firewalls.log 2>&1 || { cat /run/firewalls.log >&2; exit 1; }"); err != nil {
				t.Error(err)
			}
		})
	}
	onBoth(func(string) string {
		return "iptables-save >/run/iptables.before && ip6tables-save >/run/ip6tables.before"
	})
	t.Cleanup(func() {
		onBoth(func(host string) string {
			return "dpkg --purge --force-depends " + strings.Join(firewallPackages[host], " ") + `; rm -rf /etc/firewalld /etc/ufw
				service docker restart; iptables-restore /run/iptables.before && ip6tables-restore /run/ip6tables.before`
		})
	})
	for host, from := range debs {
		s.copyAll(t, host, from, "/run/debs")
	}
	onBoth(func(string) string {
		return "dpkg -i --force-depends --force-unsafe-io /run/debs/*.deb; status=$?; rm -r /run/debs; [ $status = 0 ]"
	})
	if t.Failed() {
		t.FailNow()
	}
}

// untold says which hosts do not tell of so many that answer nothing.
func (o *overlays) untold(t *testing.T, want map[string]int) string {
	t.Helper()
	missing := ""
	for host, count := range want {
		out, _ := o.try(host, "rundockd overlay status apps")
		told := fmt.Sprintf("%d of 2 other hosts answer nothing in the network", count)
		if count == 0 {
			told = "answer nothing in the network"
		}
		if strings.Contains(out, told) != (count > 0) {
			missing += host + ":\n" + out + "\n"
		}
	}
	return missing
}

// missed tells what the firewalls keep back wrongly, besides what containers
// send to each other, and what they let through.
func (o *overlays) missed(t *testing.T) string {
	t.Helper()
	var mu sync.Mutex
	all := ""
	everywhere(o.hosts, func(host string) {
		script := fmt.Sprintf("nsenter -t $(docker inspect -f '{{.State.Pid}}' on-apps) -n dig +short +tries=1 +time=2 @%s registry.%s | grep -q . || echo its container gets no answer of dnsd\n", o.Addr(host), zone)
		for _, other := range o.hosts {
			at, to := o.address["apps "+other], o.Addr(other)
			script += fmt.Sprintf("curl -sfm 2 -o /dev/null http://%s/hostname || echo it does not reach that of %s\n", at, other)
			if other != host {
				script += fmt.Sprintf("curl -sfm 2 -o /dev/null http://%s:8099/hostname || echo it does not reach the published port of %s\n", to, other)
				script += fmt.Sprintf("{ ip route add %s via %s; ! curl -sm 1 -o /dev/null http://%[1]s/hostname || echo the underlay reaches that of %[3]s; ip route del %[1]s via %[2]s; } &\n", at, to, other)
			}
		}
		script += "wait"
		out, err := o.try(host, script)
		if err != nil {
			out += err.Error()
		}
		mu.Lock()
		defer mu.Unlock()
		if out != "" {
			all += "\n" + host + ": " + out
		}
	})
	return all
}
