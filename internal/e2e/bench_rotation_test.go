package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// crashesOutOfRotation measures how long HAProxy on each load balancer goes on
// giving requests to an instance whose container has crashed. The instances are
// those of web-blue on both back hosts, in turn, and come back between.
func (s blueGreen) crashesOutOfRotation(t *testing.T) {
	tries := 1
	if benching() {
		tries = 20
	}
	var first, both []time.Duration
	for n := range tries {
		host := []string{back1, back2}[n%2]
		before := s.id(t, host, "web-blue")
		crash := s.nanoseconds(t, host, "p=$(docker inspect -f '{{.State.Pid}}' web-blue); date +%s%N; kill -9 $p")
		a, b := s.out(t, front, crash), s.out(t, back2, crash)
		first, both = append(first, min(a, b)), append(both, max(a, b))
		await.Empty(t, "the container is another one, and up on both", func() string {
			if s.id(t, host, "web-blue") == before {
				return "it is the same"
			}
			for _, balancer := range []string{front, back2} {
				if out, _ := s.try(balancer, "rundockd balance status"); !strings.Contains(out, "web-blue:2/2") {
					return balancer + ": " + out
				}
			}
			return ""
		})
		if benching() {
			time.Sleep(10 * time.Second) // or it is damped as flapping
		}
	}
	distribution("crash -> out of rotation on one load balancer", first, "none")
	distribution("crash -> out of rotation on both", both, "median 60 ms")
}

// out returns after how long, from then on, HAProxy of a load balancer says in its
// log that a server of web-blue gets no more requests.
func (s blueGreen) out(t *testing.T, balancer string, from time.Time) (took time.Duration) {
	t.Helper()
	await.Empty(t, "a server is out of rotation on "+balancer, func() string {
		log := s.sh(t, balancer, "grep -h -e 'Server web-blue/.* enters drain state' -e 'Server web-blue/.* is .*DOWN' /var/log/haproxy/current || true")
		for line := range strings.Lines(log) {
			stamp, _, _ := strings.Cut(line, " ")
			at, err := time.Parse("2006-01-02_15:04:05.999999", stamp)
			if err != nil {
				t.Fatalf("a line of HAProxy's log begins with %q, want a time: %s", stamp, line)
			}
			if took = at.Sub(from); took > 0 {
				return ""
			}
		}
		return fmt.Sprintf("since %s: %s", from.UTC().Format(time.TimeOnly), log)
	})
	return took
}
