package e2e

import (
	"testing"

	"rundock/internal/await"
)

// TestKeep_after_withdrawal interrupts a replacement between the withdrawal
// and the stop: the container goes on, and must not go on unannounced.
func TestKeep_after_withdrawal(t *testing.T) {
	s := need(t)
	t.Run("interrupted while clients drain", func(t *testing.T) {
		const name = "drained"
		s.remove(t, back1, name)
		s.install(t, back1, "state=enabled name="+name+" drain=60 "+plain)
		t.Cleanup(func() { s.unwell(t, back1, name) }) // so that removing it drains nothing
		s.resolves(t, back2, name, record(back1, name))
		for _, c := range []struct{ claim, signal string }{
			{"a runner that hands over leaves it to be announced again", "HUP"},
			{"a killed runner's successor announces it again", "KILL"},
		} {
			t.Run(c.claim, func(t *testing.T) {
				container, runner := s.id(t, back1, name), s.pid(t, back1, name, "runner")
				s.sh(t, back1, "kill -USR1 "+runner)
				s.resolves(t, back2, name, "")
				s.sh(t, back1, "kill -"+c.signal+" "+runner)
				s.resolves(t, back2, name, record(back1, name))
				if got := s.id(t, back1, name); got != container {
					t.Errorf("container was %s, is %s: the test came too late to interrupt", container, got)
				}
			})
		}
	})

	t.Run("what dockerd does not stop is announced while it is away, and stopped once it is back", func(t *testing.T) {
		const name = "stubborn"
		s.remove(t, back1, name)
		const call = "state=enabled name=" + name + ` args="-e APP_IGNORE_TERM=1" ` + plain
		s.install(t, back1, call+" stop_timeout=600")
		t.Cleanup(func() { s.install(t, back1, call+" stop_timeout=1") }) // so that removing it does not take as long
		s.resolves(t, back2, name, record(back1, name))
		container := s.id(t, back1, name)
		s.sh(t, back1, "kill -USR1 "+s.pid(t, back1, name, "runner"))
		await.Equal(t, "the sidecar has withdrawn it", "withdrawn", func() string { return s.state(t, back1, name) })
		s.sh(t, back1, "kill -9 $(cat /run/docker.pid); while kill -0 $(cat /run/docker.pid); do sleep 0.1; done 2>/dev/null")
		t.Cleanup(func() { s.sh(t, back1, "service docker start") })
		s.resolves(t, back2, name, record(back1, name))
		s.sh(t, back1, "service docker start")
		await.Equal(t, "it is withdrawn again, to be stopped", "withdrawn", func() string { return s.state(t, back1, name) })
		s.sh(t, back1, "docker kill "+name) // it would take its ten minutes
		s.renewed(t, back1, name, container, record(back1, name))
		for _, want := range []string{"announcing it again", "container replaced"} {
			await.Empty(t, "the runner says it", func() string { return missing(s.sh(t, back1, "cat /var/log/docker-"+name+"/current"), want) })
		}
	})
}

// unwell has the service's HEALTHCHECK fail, and waits until DNS knows.
func (s *setup) unwell(t *testing.T, host, name string) {
	t.Helper()
	s.sh(t, host, "curl -sf http://"+s.Addr(host).String()+":8086/sick")
	s.resolves(t, back2, name, "")
}
