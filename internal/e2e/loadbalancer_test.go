package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
)

// balanced is an inventory, beside the lab's, in which these hosts are load
// balancers with these variables.
func balanced(t *testing.T, variables map[string]any, hosts ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "balanced.yml")
	balancers := map[string]any{}
	for _, host := range hosts {
		balancers[host] = nil
	}
	data, err := json.Marshal(map[string]any{"rundock_loadbalancer": map[string]any{"hosts": balancers, "vars": variables}})
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// awaitBalanced waits until the load balancer on the front host says want.
func (s *setup) awaitBalanced(t *testing.T, what, want string) {
	t.Helper()
	await.Empty(t, what, func() string {
		out, err := s.try(front, "rundockd balance status")
		if strings.Contains(out, want) {
			return ""
		}
		return fmt.Sprintf("rundockd balance status says %q, %v", out, err)
	})
}

// TestLoadbalancer is role loadbalancer from an empty host to one that is none
// any more: what is wrong is refused, requests reach a service wherever it is,
// and a run that changes nothing says so.
func TestLoadbalancer(t *testing.T) {
	s := need(t)
	site := func(variables map[string]any) (string, error) {
		return s.playbook("-i", balanced(t, variables, front), "playbooks/site.yml", "--limit", front)
	}
	frontend := map[string]any{"name": "web", "bind": []string{"*:8088"}, "service": "shop"}
	good := map[string]any{
		"rundock_loadbalancer_frontends":      []any{frontend},
		"rundock_loadbalancer_services":       []any{map[string]any{"name": "shop", "check": map[string]any{"path": "/ping"}}},
		"rundock_loadbalancer_stats_password": "of the lab",
		"rundock_public_dns_addresses":        []any{s.public(t, front)},
	}
	gone := map[string]any{"rundock_loadbalancer_state": "absent"}
	t.Cleanup(func() {
		if out, err := site(gone); err != nil {
			t.Errorf("absent: %v\n%s", err, out)
		}
		if left := s.sh(t, front, "ls -d /etc/sv/docker-front /etc/sv/dnsd-public /etc/sv/haproxy /etc/sv/rundock-balance /etc/rundock/balance* /var/lib/rundock/balance 2>/dev/null; pgrep -a haproxy; true"); left != "" {
			t.Errorf("absent leaves %s", left)
		}
	})

	for want, variables := range map[string]map[string]any{
		"rundock_loadbalancer_frontends is empty: a load balancer listens on something": {},
		"is not between 1 and 65535": {"rundock_loadbalancer_frontends": []any{map[string]any{"name": "web", "bind": []string{"*:80800"}, "service": "shop"}}},
	} {
		if out, err := site(variables); err == nil || !strings.Contains(out, want) {
			t.Errorf("want it refused with %q: %v\n%s", want, err, out)
		}
		if left := s.sh(t, front, "ls /etc/rundock/balance.json /etc/sv/haproxy 2>/dev/null; true"); left != "" {
			t.Errorf("%q, yet there is %s", want, left)
		}
	}

	if out, err := site(good); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, host := range []string{back1, back2} {
		s.install(t, host, "state=enabled name=shop image="+images+"influxdb:latest announce=8086 port=8086")
		t.Cleanup(func() { s.remove(t, host, "shop") })
	}
	request := "curl -sf -o /dev/null -w '%{http_code}' http://" + s.Addr(front).String() + ":8088/ping"
	s.awaitBalanced(t, "both instances are up", "shop:2/2")
	t.Run("its hosts are drained, one after the other", func(t *testing.T) { s.drains(t, "http://"+s.Addr(front).String()+":8088/well") })
	if got := s.sh(t, back2, request); got != "204" && got != "200" {
		t.Errorf("a request by the load balancer gives %s", got)
	}
	s.install(t, back1, "state=disabled name=shop")
	s.awaitBalanced(t, "one instance is left", "shop:1/1")
	if got := s.sh(t, back2, request); got != "204" && got != "200" {
		t.Errorf("a request to the instance that is left gives %s", got)
	}
	if got := s.sh(t, front, "curl -s -o /dev/null -w '%{http_code} ' http://"+s.Addr(front).String()+":8404/metrics; curl -s -u 'admin:of the lab' http://"+s.Addr(front).String()+":8404/metrics | grep -c haproxy_backend_status"); !strings.HasPrefix(got, "401 ") || strings.HasSuffix(got, " 0") {
		t.Errorf("the statistics page gives %s, want 401 without password, and metrics with it", got)
	}

	t.Run("its public address is in DNS while HAProxy is there", func(t *testing.T) { s.answersTheWorld(t) })

	out, err := site(good)
	if _, recap, _ := strings.Cut(out, "PLAY RECAP"); err != nil || !strings.Contains(recap, "changed=0 ") {
		t.Errorf("a second run: %v\n%s", err, out)
	}
	before := s.sh(t, front, "cat /etc/sv/haproxy/supervise/pid")
	// As another release of rundock has it: the next run writes it anew.
	s.sh(t, front, "sed -i '$a# of another release' /etc/sv/haproxy/run")
	frontend["bind"] = []string{"*:8088", "*:8089"}
	if out, err := site(good); err != nil {
		t.Fatalf("with another address: %v\n%s", err, out)
	}
	await.Nil(t, "HAProxy listens on the other address as well", func() error {
		_, err := s.try(back2, strings.Replace(request, ":8088", ":8089", 1))
		return err
	})
	if now := s.sh(t, front, "cat /etc/sv/haproxy/supervise/pid"); now != before {
		t.Errorf("HAProxy was restarted (%s, then %s), want a reload, and that its other script waits for its next start", before, now)
	}
	if script := s.sh(t, front, "cat /etc/sv/haproxy/run"); strings.Contains(script, "another release") {
		t.Errorf("its script is still that of another release:\n%s", script)
	}
}

// answersTheWorld has the site, and a machine outside that comes by the public network
// and so through the packet filter, ask for the name of the load balancers.
func (s *setup) answersTheWorld(t *testing.T) {
	public := s.public(t, front)
	world := func(question string, flags ...string) string {
		out, _ := exec.Command("dig", append([]string{"+tries=1", "+time=5", "@" + public, question + "." + zone}, flags...)...).Output()
		return string(out)
	}
	found := func(what, want string) {
		t.Helper()
		short := []string{"+noall", "+comments", "+answer"}
		await.Empty(t, what, func() string {
			site, udp, tcp := s.dig(t, front, "front."+zone), answer(world("front", short...)), answer(world("front", append(short, "+tcp")...))
			if site != want || udp != want || tcp != want {
				return fmt.Sprintf("the site is told %q, the world %q, and by TCP %q", site, udp, tcp)
			}
			return ""
		})
	}
	s.sh(t, front, "nft list table inet rundock_filter")
	found("the public address is found", public)
	if got := world("shop"); !strings.Contains(got, "status: REFUSED") {
		t.Errorf("the world asks for a service, and has %s", got)
	}
	s.sh(t, front, "sv down haproxy")
	found("without HAProxy it is not", "")
	if got := world("front"); !strings.Contains(got, "status: N") {
		t.Errorf("without HAProxy the world has %s", got)
	}
	s.sh(t, front, "sv up haproxy")
	found("with HAProxy it is again", public)
}

// public is a host's address for the world.
func (s *setup) public(t *testing.T, host string) string {
	t.Helper()
	return s.addressOf(t, host, "eth0")
}

// addressOf is the IPv4 address of a device of host.
func (s *setup) addressOf(t *testing.T, host, device string) string {
	t.Helper()
	return s.sh(t, host, "ip -4 -o addr show dev "+device+" | sed 's/.*inet \\([0-9.]*\\).*/\\1/'")
}
