package roster

import (
	"context"
	"net/netip"
	"sync"
	"testing"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
)

// dataPath is one on which all hosts answer but those that are dead.
type dataPath struct {
	mu    sync.Mutex
	dead  map[string]chan struct{} // by host; closed once it is
	asked map[string]int           // how many are asked now
	ever  map[string]bool          // was asked once
}

func (d *dataPath) death(host string) chan struct{} {
	if d.dead[host] == nil {
		d.dead[host] = make(chan struct{})
	}
	return d.dead[host]
}

func (d *dataPath) kill(host string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.death(host))
}

func (d *dataPath) silence(ctx context.Context, m Member) {
	d.mu.Lock()
	dead := d.death(m.Host)
	d.asked[m.Host]++
	d.ever[m.Host] = true
	d.mu.Unlock()
	select {
	case <-dead:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[m.Host]--
}

// asks is a condition: so many hosts are asked whether they are there.
func (d *dataPath) asks(count int) func() bool {
	return func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		n := 0
		for _, asked := range d.asked {
			n += asked
		}
		return n == count
	}
}

// A host that loses its way to the store is kept while it answers; one that
// is dead, and one that stops on purpose, are not.
func TestFollow_asks_hosts_whose_lease_is_over(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two, three, four := join(t, server, apps, 1), join(t, server, apps, 2), join(t, server, apps, 3), join(t, server, apps, 4)
	path := &dataPath{dead: map[string]chan struct{}{}, asked: map[string]int{}, ever: map[string]bool{}}
	one.Silence = path.silence
	var before []overlay.Peer
	ends := map[*Roster]func(error){}
	for _, r := range []*Roster{two, three, four} {
		m := r.Self
		m.Subnet = reserve(t, r, netip.Prefix{})
		before = append(before, m.Peer())
		ends[r] = alive(t, r)
	}
	w := follow(t, one)
	await.True(t, "all are seen", w.sees("node-2", "node-3", "node-4"))

	// It is gone at once, though its kernel answers still.
	ends[four](nil)
	await.True(t, "one that stops is gone", w.sees("node-2", "node-3"))
	if path.ever["node-4"] {
		t.Error("it was asked whether it is dead, which it has said itself")
	}

	ends[two](registry.ErrHandOver) // whose successor never comes
	ends[three](registry.ErrHandOver)
	await.True(t, "both are asked", path.asks(2))
	if !w.sees("node-2", "node-3")() {
		v, _ := w.get()
		t.Errorf("peers are %+v, want both that answer", v.Peers)
	}
	path.kill("node-3")
	await.True(t, "one that does not answer is gone", w.sees("node-2"))

	// Another agent of the host goes on with what the kernel holds.
	next := join(t, server, apps, 1)
	next.Silence, next.Before = path.silence, before
	again := follow(t, next)
	await.True(t, "its successor keeps the one that answers", again.sees("node-2"))
	stranger := follow(t, join(t, server, apps, 5))
	await.True(t, "one that never sent to it does not begin to", stranger.sees())

	alive(t, two)
	await.True(t, "one that is alive again is not asked any more", path.asks(0))
	await.True(t, "all see it", stranger.sees("node-2"))
	path.kill("node-2")
	if !w.sees("node-2")() || !again.sees("node-2")() {
		t.Error("one that is alive is taken for gone, as it does not answer")
	}
}
