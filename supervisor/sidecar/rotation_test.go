package sidecar

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

func TestInRotation(t *testing.T) {
	const at = "10.0.0.7:80"
	for name, c := range map[string]struct {
		servers map[string]string
		records map[string]int // by colour
		colour  string
		want    bool
	}{
		"it has requests":                  {map[string]string{at: "UP", "10.0.0.8:80": "UP"}, map[string]int{"": 2}, "", true},
		"it was taken out":                 {map[string]string{at: "DRAIN", "10.0.0.8:80": "UP"}, map[string]int{"": 1}, "", false},
		"its check fails":                  {map[string]string{at: "DOWN"}, map[string]int{"": 2}, "", false},
		"another one is up":                {map[string]string{"10.0.0.8:80": "UP"}, map[string]int{"": 1}, "", false},
		"the last one stays":               {map[string]string{at: "UP"}, map[string]int{"": 0}, "", false},
		"the last one of its colour stays": {map[string]string{at: "UP"}, map[string]int{"blue": 0, "green": 2}, "blue", false},
		"it is of a colour, and not alone": {map[string]string{at: "UP"}, map[string]int{"blue": 1}, "blue", true},
		"the load balancer has no server":  {nil, map[string]int{"": 1}, "", false},
	} {
		ack := cutover.Ack{Servers: c.servers, Counters: map[string]cutover.Counters{}}
		for colour, n := range c.records {
			ack.Counters[colour] = cutover.Counters{Servers: n}
		}
		if got := inRotation(ack, c.colour, []string{"10.0.0.7:9000", at}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A container is stopped once load balancers have told the store that they send it nothing.
func TestReleased_waits_for_load_balancers(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r := rotation{store: store, service: "web", at: []string{"10.0.0.7:80"}, log: slog.New(slog.DiscardHandler)}
	says := func(host, status string) {
		t.Helper()
		ack := cutover.Ack{ID: "m1/balance/web", Reached: cutover.Serving, Servers: map[string]string{"10.0.0.7:80": status}, Counters: map[string]cutover.Counters{"": {Servers: 1}}}
		await.Nil(t, "the store takes it", func() error {
			found, err := store.Read(t.Context(), []string{cutover.AckKey("web", host)})
			if err != nil {
				return err
			}
			_, err = store.Swap(t.Context(), registry.Swap{Key: cutover.AckKey("web", host), Old: found[0].Value, New: cutover.JSON(ack)})
			return err
		})
	}
	released := func() chan struct{} {
		done := make(chan struct{})
		go func() { defer close(done); r.released(t.Context()) }()
		return done
	}
	<-released() // no load balancer has it

	says("front-1", "DRAIN")
	says("front-2", "UP")
	if by, err := r.by(t.Context()); by != "front-2" || err != nil {
		t.Errorf("%q, %v; want front-2", by, err)
	}
	began := time.Now()
	done := released()
	select {
	case <-done:
		if took := time.Since(began); took < releaseAtMost {
			t.Errorf("it was released after %s, with a load balancer that sends it requests", took)
		}
	case <-time.After(100 * time.Millisecond):
	}
	says("front-2", "DRAIN")
	<-done

	says("front-2", "UP")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rotation.released(r, ctx) // whoever must not wait does not
	server.Kill()
	<-released()
}
