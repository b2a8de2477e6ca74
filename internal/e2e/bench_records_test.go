package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestBenchRecords measures how long another host's DNS takes to follow a service.
//
//	healthy -> resolvable   from the container's first successful HEALTHCHECK
//	crash -> withdrawn      from the end of the container's process
//	crash -> dockerd's word from there to dockerd's event, which is how everybody else learns of it
//
// Each of the services crashes once, which makes one try of both: more of the
// same would be damped as flapping, and slowed by the back-off.
func TestBenchRecords(t *testing.T) {
	s := need(t)
	tries := 5
	if benching() {
		tries = 50
	}
	var up, down, word []time.Duration
	for first := 0; first < tries; first += abreast {
		u, d, w := s.crashes(t, first, min(abreast, tries-first))
		up, down, word = append(up, u...), append(down, d...), append(word, w...)
	}
	for _, m := range []struct {
		what string
		took []time.Duration
		aim  string
	}{
		{"healthy -> resolvable on another host", up, "50 ms"},
		{"crash -> withdrawn on another host", down, "30 ms"},
		{"crash -> dockerd's event of it", word, "none: it is dockerd's"},
	} {
		distribution(m.what, m.took, "median "+m.aim)
	}
	fmt.Printf("measured: crash -> withdrawn : dockerd's event of it, medians: ratio %.2f\n", float64(median(down))/float64(median(word)))
}

// abreast is how many services are there at a time: the HEALTHCHECK of each
// costs more than what is measured.
const abreast = 10

// crashes installs count services, of which first is the number of the first,
// crashes each, and removes them. It returns how long each took to be found
// once healthy, and to be gone once crashed, and dockerd to say so.
func (s *setup) crashes(t *testing.T, first, count int) (up, down, word []time.Duration) {
	t.Helper()
	name := func(i int) string { return fmt.Sprintf("measured-%d", first+i) }
	port := func(i int) int { return 9000 + i } // each its own, as it is published
	call := func(state string, more func(i int) string) {
		var all sync.WaitGroup
		for lane := range 4 {
			all.Go(func() {
				for i := lane; i < count; i += 4 {
					if r := s.rundock(t, back1, "state="+state+" name="+name(i)+more(i)); r.Failed {
						t.Errorf("%s %s: %s", state, name(i), r.Msg)
					}
				}
			})
		}
		all.Wait()
	}
	defer call("absent", func(int) string { return "" })
	call("enabled", func(i int) string {
		return fmt.Sprintf(" image=%sinfluxdb:latest announce=%d port=8086", images, port(i))
	})
	if t.Failed() {
		t.FailNow()
	}
	for i := range count {
		found := strings.Replace(record(back1, name(i)), "8086", fmt.Sprint(port(i)), 1)
		s.resolves(t, back2, name(i), found)
		before := s.id(t, back1, name(i))
		w := s.follow(t, back2, name(i))
		crash := s.nanoseconds(t, back1, "p=$(docker inspect -f '{{.State.Pid}}' "+name(i)+"); date +%s%N; kill -9 $p")
		s.renewed(t, back1, name(i), before, found)
		gone, back := w.times(t)
		healthy := s.nanoseconds(t, back1, `date +%s%N -d "$(docker inspect -f '{{range .State.Health.Log}}{{if eq .ExitCode 0}}{{.End.UTC.Format "2006-01-02 15:04:05.999999999Z"}}{{"\n"}}{{end}}{{end}}' `+name(i)+` | head -n1)"`)
		died := s.nanoseconds(t, back1, "docker events --since 0 --until $(date +%s) --filter event=die --filter container="+strings.Fields(before)[0]+" --format '{{.TimeNano}}'")
		down, word = append(down, gone.Sub(crash)), append(word, died.Sub(crash))
		up = append(up, back.Sub(healthy))
	}
	return up, down, word
}

// nanoseconds runs a script that prints a time in nanoseconds: hosts of a lab
// share the machine's clock.
func (s *setup) nanoseconds(t *testing.T, host, script string) time.Time {
	t.Helper()
	var ns int64
	out := s.sh(t, host, script)
	if _, err := fmt.Sscan(strings.TrimSpace(out), &ns); err != nil {
		t.Fatalf("%s printed %q: want nanoseconds", script, out)
	}
	return time.Unix(0, ns)
}

// follow is watch, from which times can be asked.
func (s *setup) follow(t *testing.T, host, service string) *follower {
	f := &follower{changes: make(chan change, 16)}
	server := s.Addr(host).String() + ":53"
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for found := true; ; {
			select {
			case <-stop:
				return
			default:
			}
			if n, err := srv(server, service); err == nil && (n > 0) != found {
				found = n > 0
				f.changes <- change{found, time.Now()}
			}
			time.Sleep(time.Millisecond) // how finely a change is timed
		}
	}()
	f.stop = func() { close(stop); <-done }
	return f
}

type follower struct {
	changes chan change
	stop    func()
}

type change struct {
	found bool
	at    time.Time
}

// times returns when the service was first not found, and when it was last
// found again.
func (f *follower) times(t *testing.T) (gone, back time.Time) {
	t.Helper()
	note := func(c change) {
		switch {
		case !c.found && gone.IsZero():
			gone = c.at
		case c.found:
			back = c.at
		}
	}
	// It asks on until it has seen both: on a busy machine it may be late.
	for late := time.After(await.Deadline); gone.IsZero() || back.IsZero(); {
		select {
		case c := <-f.changes:
			note(c)
		case <-late:
			t.Fatal("the service was not seen to leave DNS and come back")
		}
	}
	f.stop()
	close(f.changes)
	for c := range f.changes {
		note(c)
	}
	return gone, back
}
