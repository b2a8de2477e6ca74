package announce

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
)

// A container that has taken another's place has another address, and its record takes the
// place of the other one: nobody sees the service without any.
func TestAnnouncer_of_a_container_that_takes_anothers_place(t *testing.T) {
	s := newStage(t)
	a := s.announce(func(c *Config) {
		c.Ports[0].Address, c.Ports[0].Port, c.Ports[0].Check = netip.Addr{}, int(s.address.Port()), Check{Type: CheckDocker}
	})
	at := func(id, of, address string) Instance {
		i := s.run(id)
		i.Succeeds, i.Health, i.Addresses = of, "healthy", map[string]netip.Addr{"bridge": netip.MustParseAddr(address)}
		return i
	}
	leadsTo := func(address string) func() bool {
		return func() bool { return strings.Contains(s.value(webKey), `"host":"`+address+`"`) }
	}
	a.Instance(at("one", "", "127.0.0.1"))
	await.True(t, "it is announced", leadsTo("127.0.0.1"))
	for _, next := range []struct{ id, of, address string }{{"two", "one", "127.0.0.2"}, {"three", "two", "127.0.0.3"}} {
		a.Instance(at(next.id, next.of, next.address))
		await.True(t, "its status tells of "+next.id, func() bool {
			got := a.status()
			if got.Container != next.id || got.State != control.Announced {
				return false
			}
			if !strings.Contains(s.value(webKey), next.address) {
				found, err := s.reg.Read(t.Context(), []string{webKey})
				if err != nil || !strings.Contains(string(found[0].Value), next.address) {
					t.Errorf("the status says that %s is announced, and the store has %v, %v", next.id, found, err)
				}
			}
			return true
		})
		await.True(t, "the record leads to "+next.address, leadsTo(next.address))
	}
	a.Instance(at("four", "one", "127.0.0.4")) // of which it is not known how it is
	await.True(t, "the record leads to 127.0.0.4", leadsTo("127.0.0.4"))
	s.mu.Lock()
	seen := slices.Clone(s.seen)
	s.mu.Unlock()
	if want := []string{"put " + webKey, "put " + webKey, "put " + webKey, "delete " + webKey, "put " + webKey}; !slices.Equal(seen, want) {
		t.Errorf("seen = %v, want %v", seen, want)
	}
}
