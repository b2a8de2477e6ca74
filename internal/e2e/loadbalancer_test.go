package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
)

// balanced is an inventory, beside the lab's, in which the front host is a load
// balancer with these variables.
func balanced(t *testing.T, variables map[string]any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "balanced.yml")
	data, err := json.Marshal(map[string]any{"rundock_loadbalancer": map[string]any{"hosts": map[string]any{front: nil}, "vars": variables}})
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLoadbalancer is role loadbalancer from an empty host to one that is none
// any more: what is wrong is refused, requests reach a service wherever it is,
// and a run that changes nothing says so.
func TestLoadbalancer(t *testing.T) {
	s := need(t)
	site := func(variables map[string]any) (string, error) {
		return s.playbook("-i", balanced(t, variables), "playbooks/site.yml", "--limit", front)
	}
	frontend := map[string]any{"name": "web", "bind": []string{"*:8088"}, "service": "shop"}
	good := map[string]any{
		"rundock_loadbalancer_frontends":      []any{frontend},
		"rundock_loadbalancer_services":       []any{map[string]any{"name": "shop", "check": map[string]any{"path": "/ping"}}},
		"rundock_loadbalancer_stats_password": "of the lab",
	}
	gone := map[string]any{"rundock_loadbalancer_state": "absent"}
	t.Cleanup(func() {
		if out, err := site(gone); err != nil {
			t.Errorf("absent: %v\n%s", err, out)
		}
		if left := s.sh(t, front, "ls -d /etc/sv/haproxy /etc/sv/rundock-balance /etc/rundock/balance* /var/lib/rundock/balance 2>/dev/null; pgrep -a haproxy; true"); left != "" {
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
	balanced := func(what, want string) {
		t.Helper()
		await.Empty(t, what, func() string {
			out, _ := s.try(front, "rundockd balance status")
			if strings.Contains(out, want) {
				return ""
			}
			return out
		})
	}
	request := "curl -sf -o /dev/null -w '%{http_code}' http://" + s.Addr(front).String() + ":8088/ping"
	balanced("both instances are up", "shop:2/2")
	if got := s.sh(t, back2, request); got != "204" && got != "200" {
		t.Errorf("a request by the load balancer gives %s", got)
	}
	s.install(t, back1, "state=disabled name=shop")
	balanced("one instance is left", "shop:1/1")
	if got := s.sh(t, back2, request); got != "204" && got != "200" {
		t.Errorf("a request to the instance that is left gives %s", got)
	}
	if got := s.sh(t, front, "curl -s -o /dev/null -w '%{http_code} ' http://"+s.Addr(front).String()+":8404/metrics; curl -s -u 'admin:of the lab' http://"+s.Addr(front).String()+":8404/metrics | grep -c haproxy_backend_status"); !strings.HasPrefix(got, "401 ") || strings.HasSuffix(got, " 0") {
		t.Errorf("the statistics page gives %s, want 401 without password, and metrics with it", got)
	}

	out, err := site(good)
	if _, recap, _ := strings.Cut(out, "PLAY RECAP"); err != nil || !strings.Contains(recap, "changed=0 ") {
		t.Errorf("a second run: %v\n%s", err, out)
	}
	before := s.sh(t, front, "cat /etc/sv/haproxy/supervise/pid")
	frontend["bind"] = []string{"*:8088", "*:8089"}
	if out, err := site(good); err != nil {
		t.Fatalf("with another address: %v\n%s", err, out)
	}
	await.Nil(t, "HAProxy listens on the other address as well", func() error {
		_, err := s.try(back2, strings.Replace(request, ":8088", ":8089", 1))
		return err
	})
	if now := s.sh(t, front, "cat /etc/sv/haproxy/supervise/pid"); now != before {
		t.Errorf("HAProxy was restarted (%s, then %s), want a reload", before, now)
	}
}
