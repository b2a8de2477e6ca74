package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

// storeAgent is the process of rundockd store on host.
func (s *setup) storeAgent(t *testing.T, host string) string {
	t.Helper()
	return s.sh(t, host, "cat /etc/service/rundock-store/supervise/pid")
}

// TestStoreAgent_loses_no_record: whatever becomes of rundockd store of a host,
// its services stay in DNS, and those of a sidecar that dies leave.
func TestStoreAgent_loses_no_record(t *testing.T) {
	s := need(t)
	const name = "agented"
	s.remove(t, back1, name, "orphaned")
	// A lease that a busy machine does not let run out.
	s.install(t, back1, `{"state":"enabled","name":"`+name+`","image":"`+images+`influxdb:latest","announces":[{"port":8086,"lease":120}]}`)
	s.resolves(t, back2, name, record(back1, name))
	w := s.watch(t, back2, name)
	lease := s.leaseOf(t, name)
	for _, c := range []struct{ claim, script string }{
		{"killed", "kill -9 $(cat /etc/service/rundock-store/supervise/pid)"},
		{"told to hand over, as by an upgrade", "rundockd handover"},
		{"restarted", "sv -w 60 restart rundock-store"},
		{"stopped by a signal until it is killed", `
			p=$(cat /etc/service/rundock-store/supervise/pid); kill -STOP $p
			for i in $(seq 900); do grep -q '"state":"unreached"' /run/rundock/` + name + `/announce.json && break; sleep 0.1; done
			rundockd explain ` + name + ` | grep -q 'rundockd store is paused' || echo explain says nothing of it
			kill -9 $p`},
	} {
		old := s.storeAgent(t, back1)
		if said := s.sh(t, back1, c.script); strings.Contains(said, "explain says nothing") {
			t.Errorf("%s: %s", c.claim, said)
		}
		await.Empty(t, "rundockd store is back, "+c.claim, func() string {
			if now := s.storeAgent(t, back1); now == old || now == "" {
				return "process " + now
			}
			out, _ := s.try(back1, "rundockd store check 2>&1 && rundockd status "+name+" >/dev/null || rundockd explain "+name)
			return out
		})
		if now := s.leaseOf(t, name); now != lease {
			t.Errorf("%s: the lease was %s, is %s", c.claim, lease, now)
		}
	}

	// A sidecar that is killed and has no successor.
	orphan := strings.Replace(record(back1, "orphaned"), "8086", "8087", 1)
	s.install(t, back1, "state=enabled name=orphaned image="+images+"influxdb:latest announce=8087 port=8086")
	s.resolves(t, back2, "orphaned", orphan)
	announce := "/etc/service/docker-orphaned/services/announce"
	s.sh(t, back1, "sv once "+announce+"; kill -9 $(cat "+announce+"/supervise/pid)")
	s.resolves(t, back2, "orphaned", "")
	w.steady(t)
}

// leaseOf is the lease of the service's record from back1, in etcd.
func (s *setup) leaseOf(t *testing.T, service string) string {
	t.Helper()
	return s.sh(t, front, etcdctl+"get -w fields /skydns/com/example/prod/s/"+service+"/"+back1+" | sed -n 's/^\"Lease\" : //p'")
}

// TestStoreAgent_that_is_missing_is_said by status and explain.
func TestStoreAgent_that_is_missing_is_said(t *testing.T) {
	s := need(t)
	const name = "agentless"
	s.serve(t, back1, name)
	s.sh(t, back1, "sv -w 60 down rundock-store")
	t.Cleanup(func() { s.sh(t, back1, "sv up rundock-store") })
	for _, command := range []string{"status", "explain"} {
		out, err := s.try(back1, "rundockd "+command+" "+name+" 2>&1")
		if err == nil || !strings.Contains(out, "rundockd store was stopped by hand, by sv down") {
			t.Errorf("rundockd %s: %v\n%s", command, err, out)
		}
	}
	s.sh(t, back1, "sv up rundock-store")
	s.awaitFound(t, name)
}
