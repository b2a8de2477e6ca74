package e2e

import (
	"strings"
	"testing"
)

// TestAnnounces_each_by_its_own_check announces five ports of one container,
// each judged by another check, and takes some of them away.
func TestAnnounces_each_by_its_own_check(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "ports")
	s.sh(t, back1, "touch /run/well")
	t.Cleanup(func() { s.sh(t, back1, "rm -f /run/well") })
	call := `{"state":"enabled","name":"ports","image":"` + images + `influxdb:latest","wait":"announced","announces":[
		{"port":8086,"tags":["main","v1"],"meta":{"path":"/ping"},"priority":20,"weight":5,"check":{"type":"http","path":"/health","interval":"200ms","rise":3,"fall":2}},
		{"name":"admin","port":8083,"lease":3600,"check":{"type":"tcp","timeout":"2s"}},
		{"name":"dns","port":5353,"protocol":"udp"},
		{"name":"script","port":8090,"lease":3600,"container_port":8086,"check":{"type":"exec","command":["test","-e","/run/well"],"interval":"100ms","fall":1}},
		{"name":"health","port":8091,"container_port":8086,"check":{"type":"docker"}},
		{"name":"inside","port":8086,"as":"container","network":"bridge","check":{"type":"tcp","port":8083}}]}`
	if r := s.install(t, back1, call); !r.Changed || !r.Service.Announced {
		t.Errorf("installed: changed=%v, announced=%v", r.Changed, r.Service.Announced)
	}
	name := "ports." + zone + "."
	well := map[string]string{
		"ports":              "20 100 8086 node-back-1." + name, // alone, it has the whole weight,
		"_admin._tcp.ports":  "10 100 8083 node-back-1._admin._tcp." + name,
		"_dns._udp.ports":    "10 100 5353 node-back-1._dns._udp." + name,
		"_script._tcp.ports": "10 100 8090 node-back-1._script._tcp." + name,
		"_health._tcp.ports": "10 100 8091 node-back-1._health._tcp." + name,
		"_inside._tcp.ports": "10 100 8086 node-back-1._inside._tcp." + name,
	}
	see := func(gone ...string) {
		t.Helper()
		for question, want := range well {
			for _, g := range gone {
				if question == g {
					want = ""
				}
			}
			s.resolves(t, back2, question, want)
		}
	}
	see()
	inside := s.sh(t, back1, "docker inspect -f '{{.NetworkSettings.IPAddress}}' ports")
	if got := s.dig(t, back2, "node-back-1._inside._tcp."+name); got != inside {
		t.Errorf("the port announced as the container's is at %q, want %s", got, inside)
	}
	if got := s.sh(t, back1, "ss -Hlun sport = :5353 | grep -c "+s.Addr(back1).String()); got == "0" {
		t.Error("the UDP port is not published")
	}
	key := "/skydns/com/example/prod/s/ports/node-back-1"
	record := s.sh(t, front, etcdctl+"get --print-value-only "+key)
	for _, want := range []string{`"tags":["main","v1"]`, `"meta":{"path":"/ping"}`, `"group":"main"`, `"weight":5`} {
		if !strings.Contains(record, want) {
			t.Errorf("the record is %s, want in it %s", record, want)
		}
	}
	if r := s.install(t, back1, call); r.Changed {
		t.Errorf("the same again changes %q", r.Actions)
	}

	s.sh(t, back1, "rm /run/well")
	see("_script._tcp.ports")
	s.sh(t, back1, "touch /run/well; curl -s http://"+s.Addr(back1).String()+":8086/sick")
	see("ports", "_health._tcp.ports", "_dns._udp.ports") // the last has no check of its own, and so the HEALTHCHECK
	s.sh(t, back1, "curl -s http://"+s.Addr(back1).String()+":8086/well")
	see()

	// Taken out, and named otherwise: gone at once, whatever their leases.
	fewer := strings.Replace(call[:strings.Index(call, `,
		{"name":"script"`)]+"]}", `"name":"admin"`, `"name":"manage"`, 1)
	s.install(t, back1, fewer)
	see("_admin._tcp.ports", "_script._tcp.ports", "_health._tcp.ports", "_inside._tcp.ports")
	s.resolves(t, back2, "_manage._tcp.ports", "10 100 8083 node-back-1._manage._tcp."+name)
	if out, err := s.try(back1, "rundockd explain ports"); err != nil {
		t.Errorf("explain: %v: %s", err, out)
	}
	s.absent(t, back1, "ports")
	see("ports", "_admin._tcp.ports", "_dns._udp.ports", "_script._tcp.ports", "_health._tcp.ports", "_inside._tcp.ports")
	s.resolves(t, back2, "_manage._tcp.ports", "")
}

// TestAnnounces_without_a_container announces a process outside Docker while
// it answers.
func TestAnnounces_without_a_container(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "outside")
	start := "mkdir -p /tmp/web && cd /tmp/web && touch ok && (setsid python3 -m http.server 8765 >/dev/null 2>&1 & echo $! >/run/outside.pid)"
	s.sh(t, back1, start)
	stop := "kill $(cat /run/outside.pid) 2>/dev/null; rm -f /run/outside.pid"
	t.Cleanup(func() { s.try(back1, stop) })
	r := s.install(t, back1, `{"state":"enabled","name":"outside","wait":"announced","announces":[{"port":8765,"check":{"type":"http","path":"/ok","interval":"200ms","fall":2}}]}`)
	if !r.Service.Announced {
		t.Errorf("not announced: %+v", r)
	}
	want := "10 100 8765 node-back-1.outside." + zone + "."
	s.resolves(t, back2, "outside", want)
	s.sh(t, back1, "mv /tmp/web/ok /tmp/web/away") // 404
	s.resolves(t, back2, "outside", "")
	s.sh(t, back1, "mv /tmp/web/away /tmp/web/ok")
	s.resolves(t, back2, "outside", want)
	s.sh(t, back1, stop)
	s.resolves(t, back2, "outside", "")
}
