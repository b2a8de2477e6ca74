package announce

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
)

// What a sidecar does by itself, as time goes by, is tested on the clock of
// synctest, where an hour takes no time. A connection to a real store does not
// run on that clock: prompt takes its place, and TestAnnouncer has the real one.

// prompt is a store that takes and gives back every record at once.
type prompt struct{ registry.Store }

func (prompt) NewLease(time.Duration) (registry.Lease, error) { return prompt{}, nil }

func (prompt) Read(_ context.Context, keys []string) ([]registry.Found, error) {
	return make([]registry.Found, len(keys)), nil
}

func (prompt) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (prompt) Remains() time.Duration { return time.Hour }

func (prompt) Hold(ctx context.Context, _ []registry.Item, onState func(registry.HoldState)) error {
	onState(registry.HoldState{Held: true})
	<-ctx.Done()
	return nil
}

// clocked is a sidecar of a container with HEALTHCHECK on the clock of t.
type clocked struct {
	*Announcer
	run  Instance
	last control.AnnounceStatus
	stop context.CancelFunc
	done chan error
}

func onClock(t *testing.T, drain time.Duration) *clocked {
	t.Helper()
	return onClockWith(t, drain, nil)
}

func onClockWith(t *testing.T, drain time.Duration, released func(context.Context)) *clocked {
	t.Helper()
	c := &clocked{done: make(chan error, 1)}
	cfg := Config{
		Identity:     Identity{Prefix: "/skydns", Zone: "s.prod.example.com", Service: "web", Host: "node-1", ID: "m1/web"},
		HasContainer: true, Drain: drain, Released: released,
		Ports: []Port{{Address: netip.MustParseAddr("10.0.0.7"), Port: 80}},
	}
	a, err := New(cfg, prompt{}, func(s control.AnnounceStatus) { c.last = s }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.Announcer = a
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	go func() { c.done <- a.Run(ctx) }()
	t.Cleanup(func() { stop(); <-a.ended })
	return c
}

// starts tells of another container, which is healthy.
func (c *clocked) starts(id string) {
	c.run = Instance{Exists: true, Running: true, ID: id, Started: time.Now(), Health: "healthy"}
	c.Instance(c.run)
	synctest.Wait()
}

func (c *clocked) crashes() {
	c.run.Running, c.run.ExitCode, c.run.Finished, c.run.Health = false, 1, time.Now(), ""
	c.Instance(c.run)
	synctest.Wait()
}

func (c *clocked) want(t *testing.T, state control.AnnounceState) {
	t.Helper()
	synctest.Wait()
	if c.last.State != state {
		t.Fatalf("state = %s (%s), want %s", c.last.State, c.last.Reason, state)
	}
}

func TestClock_announces_a_flapping_service_once_it_stayed_well(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onClock(t, 0)
		for i := range 3 {
			c.starts(fmt.Sprint(i))
			c.want(t, control.Announced)
			c.crashes()
		}
		c.starts("last")
		c.want(t, control.Unhealthy)
		began := time.Now()
		for c.last.State != control.Announced && time.Since(began) < 2*flapMax {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		c.want(t, control.Announced)
		// A penalty of 3 fades to 1 in log2(3) half-lives.
		if took := time.Since(began); took < 23*time.Second || took > 25*time.Second {
			t.Errorf("announced after %s of being well, want 23.8s", took)
		}
	})
}

func TestClock_a_crash_in_between_puts_it_off(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onClock(t, 0)
		for i := range 3 {
			c.starts(fmt.Sprint(i))
			c.crashes()
		}
		c.starts("well for a while")
		time.Sleep(20 * time.Second)
		c.want(t, control.Unhealthy)
		c.crashes()
		c.starts("last") // the first 20 s would have left 3.8 to wait
		time.Sleep(10 * time.Second)
		c.want(t, control.Unhealthy)
		time.Sleep(10 * time.Second)
		c.want(t, control.Announced)
	})
}

func TestClock_withdrawn_on_request_says_so_once_clients_had_their_time(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onClock(t, time.Hour)
		c.starts("one")
		c.want(t, control.Announced)
		c.Withdraw()
		c.want(t, control.Draining)
		time.Sleep(time.Hour - time.Second)
		c.want(t, control.Draining)
		time.Sleep(time.Second)
		c.want(t, control.Withdrawn)
		c.starts("two")
		c.want(t, control.Announced)
	})
}

// Whoever gives requests by the records is waited for, on request as at the end, besides the time that clients are given.
func TestClock_waits_until_it_is_released(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := func(context.Context) { time.Sleep(3 * time.Second) }
		c := onClockWith(t, 0, released)
		c.starts("one")
		c.Withdraw()
		c.want(t, control.Draining)
		time.Sleep(2 * time.Second)
		c.want(t, control.Draining)
		time.Sleep(time.Second)
		c.want(t, control.Withdrawn)
		c.Resume()
		c.want(t, control.Announced)
		c.Withdraw()
		c.Resume() // before it is released
		c.want(t, control.Announced)
		time.Sleep(3 * time.Second)
		c.want(t, control.Announced)
		c.stop()
		time.Sleep(2 * time.Second)
		c.want(t, control.Draining)
		time.Sleep(time.Second)
		c.want(t, control.Withdrawn)

		longer := onClockWith(t, time.Hour, released)
		longer.starts("one")
		longer.Withdraw()
		time.Sleep(time.Hour - time.Second)
		longer.want(t, control.Draining)
		time.Sleep(time.Second)
		longer.want(t, control.Withdrawn)

		unused := onClockWith(t, time.Hour, func(context.Context) { t.Error("nothing was announced, and it is waited for") })
		unused.Withdraw()
		unused.want(t, control.Withdrawn)
	})
}

func TestClock_what_goes_on_after_all_is_announced_again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onClock(t, time.Hour)
		c.starts("one")
		c.want(t, control.Announced)
		c.Withdraw()
		c.want(t, control.Draining)
		c.Resume() // clients need not leave
		c.want(t, control.Announced)
		c.Withdraw()
		time.Sleep(time.Hour)
		c.want(t, control.Withdrawn)
		c.Resume()
		c.want(t, control.Announced)
		c.Resume() // as where a successor of the runner says it again
		c.want(t, control.Announced)
	})
}

func TestClock_told_to_stop_gives_clients_their_time(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onClock(t, time.Hour)
		c.starts("one")
		c.want(t, control.Announced)
		c.stop()
		time.Sleep(time.Hour - time.Second)
		c.want(t, control.Draining)
		time.Sleep(time.Second)
		c.want(t, control.Withdrawn)
		if err := <-c.done; err != nil {
			t.Error(err)
		}
	})
}
