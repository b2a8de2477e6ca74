package balancer

import (
	"fmt"
	"os"
	"testing"
	"time"

	"rundock/internal/cutover"
)

func TestFlips_under_load_fail_no_request(t *testing.T) {
	flips := 8
	if os.Getenv("RUNDOCK_SLOW") == "1" {
		flips = 40
	}
	newField(t, 2).flip(flips)
}

func TestFlips_by_Consul_fail_no_request(t *testing.T) { consulField(t, 2).flip(6) }

// flip moves the traffic so many times under load.
func (f *field) flip(flips int) {
	t := f.t
	old := f.app("blue-0", 0)
	f.announce("node-1-blue", cutover.Blue, old.at)
	f.first()
	load := f.load(16, 4)
	for n := 1; n <= flips; n++ {
		colour := []string{cutover.Blue, cutover.Green}[n%2]
		// Each tenth listens as late as a large program does.
		late := 100 * time.Millisecond
		if n%10 == 3 {
			late = 2 * time.Second
		}
		next := f.app(fmt.Sprintf("%s-%d", colour, n), late)
		f.announce("node-1-"+colour, colour, next.at)
		s := f.attempt(func(*cutover.State) {})
		if s.Active != colour || s.Why != "" {
			t.Fatalf("flip %d: the state is %+v", n, s)
		}
		// The old colour is drained: it may go at once, without warning.
		old.stop()
		f.withdraw("node-1-" + cutover.Other(colour))
		old = next
	}
	load.end(t)
}
