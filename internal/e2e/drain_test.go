package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

// drains has the hosts of service shop, which a load balancer on the front host balances, taken out of use
// and back: nobody misses anything, and it is refused where the last instance would go.
func (s *setup) drains(t *testing.T, url string) {
	play := func(playbook, host string, more ...string) (string, error) {
		return s.playbook(append([]string{"playbooks/" + playbook + ".yml", "--limit", host}, more...)...)
	}
	must := func(playbook, host string, more ...string) {
		t.Helper()
		if out, err := play(playbook, host, more...); err != nil {
			t.Fatalf("%s.yml: %v\n%s", playbook, err, out)
		}
	}
	t.Cleanup(func() { play("undrain", back1+","+back2) }) // where the test fails before it does
	drained := func(host string) {
		t.Helper()
		if id := s.id(t, host, "shop"); id != "" {
			t.Errorf("%s is drained, and shop runs there: %s", host, id)
		}
		s.says(t, host, "rundockd status shop", "0", "drained")
	}
	const last = "this host has the last instance of shop."

	l := s.load(t, url, "shop")
	if out, err := play("drain", back1, "--check"); err != nil || s.id(t, back1, "shop") == "" {
		t.Errorf("drain.yml in check mode: %v, and shop runs: %v\n%s", err, s.id(t, back1, "shop") != "", out)
	}
	if err := s.hidingPython(func() error { must("drain", back1); return nil }); err != nil {
		t.Fatal(err)
	}
	drained(back1)
	s.awaitBalanced(t, "the load balancer has the other instance alone", "shop:1/1")
	s.resolves(t, front, "shop", record(back2, "shop"))
	if out, err := play("drain", back2); err == nil || !strings.Contains(out, last) || s.id(t, back2, "shop") == "" {
		t.Errorf("draining the host of the last instance: %v, want it refused:\n%s", err, out)
	}

	// Whatever is installed meanwhile, and whatever boots, starts nothing.
	if err := s.Stop(back1); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context(), back1); err != nil {
		t.Fatal(err)
	}
	await.Empty(t, "the host has booted", func() string {
		if out, err := s.try(back1, "docker version && rundockd store check && rundockd status shop"); err != nil {
			return out + err.Error()
		}
		return ""
	})
	s.install(t, back1, "state=enabled name=shop "+plain)
	drained(back1)
	s.resolves(t, front, "shop", record(back2, "shop"))
	must("undrain", back1)
	s.awaitBalanced(t, "both instances are up", "shop:2/2")
	l.nothingMissed(t)

	must("drain", back1)
	must("drain", back2, "-e", "rundock_drain_force=true")
	drained(back2)
	s.resolves(t, front, "shop", "")
	must("undrain", back1+","+back2)
	s.awaitBalanced(t, "both instances are up again", "shop:2/2")
}
