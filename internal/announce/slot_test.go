package announce

import (
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/registry"
)

// TestAnnouncer_of_a_slot_without_a_port: its address alone is announced, under
// its own name and each alias, while its container runs.
func TestAnnouncer_of_a_slot_without_a_port(t *testing.T) {
	const own, alias = "/skydns/com/example/prod/s/shop/worker/2", "/skydns/com/example/prod/s/shop/jobs/worker-2"
	s := newStage(t)
	slot := func(c *Config) {
		c.Name, c.Service, c.Stack, c.Number, c.ID, c.Aliases = "shop-worker-2", "worker", "shop", 2, "m1/shop-worker-2", []string{"jobs"}
		c.Ports = []Port{{}}
	}
	a := s.announce(slot)
	one := s.run("one")
	a.Instance(one)
	await.True(t, "it is announced as soon as it runs, without a check", s.has(own, alias))
	for _, key := range []string{own, alias} {
		if got := s.value(key); strings.Contains(got, `"port"`) || !strings.Contains(got, `"at":"node-1"`) {
			t.Errorf("%s = %s, want it without a port and at node-1", key, got)
		}
	}
	await.True(t, "its status has both records", func() bool {
		got := a.status()
		return got.State == control.Announced && got.Stack == "shop" && got.Slot == "worker.2" && len(got.Records) == 2 && got.Records[1].Key == alias
	})
	a.end(registry.ErrHandOver)
	a = s.announce(slot)
	a.Instance(exited(one, 1))
	await.True(t, "a successor finds it ended", a.is(control.Unhealthy))
	two := s.run("two")
	two.Health = "starting"
	a.Instance(two)
	await.True(t, "a HEALTHCHECK decides where there is one", a.is(control.Unhealthy))
	two.Health = "healthy"
	a.Instance(two)
	await.True(t, "it is well", s.has(own, alias))
	a.end(nil)
	await.True(t, "both records are withdrawn", s.has())
}
