package balancer

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/pause"
)

// What proves bad only with all the traffic goes back within the window, by
// HAProxy's own counters.
func TestAttempt_goes_back_after_the_flip(t *testing.T) {
	for claim, c := range map[string]struct {
		name     string
		rollback cutover.Rollback
		dies     bool
		want     string
	}{
		"for errors":        {"broken-1", cutover.Rollback{ErrorPercent: 50, Window: 120}, false, "requests to green failed since, and 50 % are too many"},
		"for failed checks": {"green-1", cutover.Rollback{Checks: 1, Window: 120}, true, "checks of green failed since"},
	} {
		t.Run(claim, func(t *testing.T) {
			f, _ := blue(t, 2)
			a := f.green(c.name)
			load := f.load(8, 0)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			died := make(chan struct{})
			go func() {
				defer close(died)
				if c.dies && f.flipped(ctx) {
					a.stop()
				}
			}()
			s := f.attempt(func(s *cutover.State) { s.Rollback = c.rollback })
			cancel()
			<-died
			if s.Active != cutover.Blue || !strings.Contains(s.Why, c.want) {
				t.Errorf("the state is %+v, want it back for %q", s, c.want)
			}
			load.stop()
			load.clients.Wait()
			f.serves(cutover.Blue)
			for range 20 {
				if err := post(http.DefaultClient, "http://"+f.balancers[0].front+"/", "x"); err != nil {
					t.Fatalf("after it went back: %v", err)
				}
			}
		})
	}
}

// flipped waits until green has the traffic on all load balancers, and no session
// is left on blue; false: ctx is done.
func (f *field) flipped(ctx context.Context) bool {
	for pause.For(ctx, 50*time.Millisecond) == nil {
		all := 0
		for _, b := range f.balancers {
			found, err := f.store.Read(ctx, []string{cutover.AckKey("shop", b.name)})
			if err != nil || !found[0].Exists {
				continue
			}
			if ack, err := cutover.ParseAck(found[0].Value); err == nil && ack.Reached == cutover.Drained {
				all++
			}
		}
		if all == len(f.balancers) {
			return true
		}
	}
	return false
}
