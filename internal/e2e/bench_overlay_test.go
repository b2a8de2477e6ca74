package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestBenchOverlay measures how long a network takes to follow its hosts.
//
//	a new host -> reachable   from the start of its agent, on a host that the network does not know,
//	                          until the last of the others has a connection to it
//	a dead host -> withdrawn  from its loss of power until no other has a route to it, and until the
//	                          service that is announced from a container on it is not in DNS
func TestBenchOverlay(t *testing.T) {
	const network, service = "fast", "fast-web"
	o := &overlays{setup: need(t), hosts: []string{front, back1, back2}, address: map[string]string{}}
	o.join(t, network, "10.48.0.0/16", 48)
	o.remove(t, back1, service)
	joins, deaths := 1, 1
	if benching() {
		joins, deaths = 10, 3
	}
	var reachable, withdrawn, unnamed []time.Duration
	for range joins {
		reachable = append(reachable, o.comesAnew(t, back2, network))
	}
	o.install(t, back1, "state=enabled name="+service+" image="+images+"influxdb:latest networks="+network+" announce=8086 announce_as=container wait=announced")
	for range deaths {
		routes, names := o.dies(t, back1, network, service)
		withdrawn, unnamed = append(withdrawn, routes), append(unnamed, names)
	}
	distribution("a new host -> reachable from all others", reachable, "median 300 ms")
	distribution("a dead host -> withdrawn", withdrawn, "at most 16 s")
	distribution("a dead host -> its service not in DNS", unnamed, "at most 16 s")
}

// subnetOf waits until host is up in network, and returns its subnet's base.
func (o *overlays) subnetOf(t *testing.T, host, network string) (base string) {
	t.Helper()
	await.Empty(t, host+" is up in "+network, func() string {
		out, err := o.try(host, `grep '"state":"up".*"alive":true' /run/rundock/overlay/`+network+`.json | sed 's/.*"subnet":"\([0-9.]*\)\.0\/.*/\1/'`)
		if base = out; base == "" || err != nil {
			return fmt.Sprint("it is not: ", err)
		}
		return ""
	})
	return base
}

// comesAnew has a host leave a network and come again: as a host that is new
// to it does, it takes the subnet that its id leads it to.
func (o *overlays) comesAnew(t *testing.T, host, network string) time.Duration {
	t.Helper()
	gateway := o.subnetOf(t, host, network) + ".1"
	o.sh(t, host, fmt.Sprintf("sv -w 60 stop overlay-%s >/dev/null && rundockd overlay leave %[1]s", network))
	others := o.others(host)
	reached := make([]time.Time, len(others))
	var done sync.WaitGroup
	for i, other := range others {
		o.withoutRoute(t, other, network, gateway)
		o.sh(t, other, "rm -f /run/reaching")
		done.Go(func() {
			// The other's port of DNS, which is all that the packet filter lets overlay networks reach, and which nothing listens at
			// there: its kernel says so. Each try is short, as a packet that nobody answers is sent again after a second; the
			// later ones are longer, as a busy machine takes longer to begin one.
			reached[i] = o.nanoseconds(t, other, inTime+"n=0; touch /run/reaching; until n=$((n+1)); timeout $((n/50)).1 bash -c 'exec 3<>/dev/tcp/"+gateway+"/53' 2>&1 | grep -q refused; do in_time; done; date +%s%N")
		})
	}
	for _, other := range others {
		await.Nil(t, other+" tries", func() error { _, err := o.try(other, "rm /run/reaching"); return err })
	}
	began := o.nanoseconds(t, host, "date +%s%N; sv -w 60 start overlay-"+network+" >/dev/null")
	done.Wait()
	if now := o.subnetOf(t, host, network) + ".1"; now != gateway {
		t.Fatalf("%s had %s in the network and has %s now", host, gateway, now)
	}
	last := reached[0]
	for _, at := range reached {
		if at.After(last) {
			last = at
		}
	}
	return last.Sub(began)
}

// inTime begins a script whose loops call in_time: it fails in the one that is
// not over in await.Deadline.
var inTime = fmt.Sprintf(`end=$(($(date +%%s)+%.0f)); in_time() { [ $(date +%%s) -lt $end ] || { echo not in time >&2; exit 1; }; }; `, await.Deadline.Seconds())

func (o *overlays) others(host string) (others []string) {
	for _, h := range o.hosts {
		if h != host {
			others = append(others, h)
		}
	}
	return others
}

// withoutRoute waits until a host has no route to a peer's gateway.
func (o *overlays) withoutRoute(t *testing.T, host, network, gateway string) {
	t.Helper()
	await.Empty(t, host+" has no route to "+gateway, func() string {
		out, _ := o.try(host, "ip route show proto 82 type unicast | grep "+strings.TrimSuffix(gateway, "1")+"0/")
		return out
	})
}

// dies has a host lose power, and start again.
func (o *overlays) dies(t *testing.T, host, network, service string) (routes, names time.Duration) {
	t.Helper()
	prefix := o.subnetOf(t, host, network) + ".0/"
	name := host + "." + service + "." + zone
	for _, other := range o.others(host) {
		o.resolves(t, other, service, "10 100 8086 "+name+".")
		o.succeeds(t, other, "ip route show proto 82 type unicast | grep -q "+prefix)
	}
	began := time.Now()
	if err := o.Stop(host); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	later := func(of *time.Duration, at time.Time) {
		mu.Lock()
		defer mu.Unlock()
		*of = max(*of, at.Sub(began))
	}
	var all sync.WaitGroup
	for _, other := range o.others(host) {
		all.Go(func() {
			later(&routes, o.nanoseconds(t, other, inTime+"while ip route show proto 82 type unicast | grep -q "+prefix+"; do in_time; sleep 0.01; done; date +%s%N"))
		})
		all.Go(func() {
			// Timed as finely as that: await would pause for longer.
			for end := began.Add(await.Deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				if n, err := srv(o.Addr(other).String()+":53", service); err == nil && n == 0 {
					later(&names, time.Now())
					return
				}
			}
			t.Errorf("%s still has %s in DNS %s after its host lost power", other, service, await.Deadline)
		})
	}
	all.Wait()
	if err := o.Start(t.Context(), host); err != nil {
		t.Fatal(err)
	}
	for _, other := range o.hosts {
		o.resolves(t, other, service, "10 100 8086 "+name+".")
	}
	return routes, names
}
