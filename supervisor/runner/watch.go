package runner

import (
	"context"
	"slices"
	"time"

	"rundock/internal/container"
)

// watch looks what becomes of the running container that was adopted, until it says
// so in to, or ctx is done. Only of the wanted one it looks whether it is renamed.
func (f follower) watch(ctx context.Context, adopted container.State, wanted bool, to *following) {
	states := make(chan container.State)
	go f.docker.Follow(ctx, adopted.ID, container.Follower{
		State: func(s container.State) {
			select {
			case states <- s:
			case <-ctx.Done():
			}
		},
		Ended: func(container.State) {}, // of that follow knows by Wait
	})
	lacked := f.lacks(ctx, adopted)
	var checks checkClock
	late := time.NewTimer(0)
	late.Stop()
	defer late.Stop()
	for {
		var s container.State
		select {
		case <-ctx.Done():
			return
		case s = <-states:
		case <-late.C:
			var err error
			if s, err = f.docker.Inspect(ctx, adopted.ID); err != nil {
				s = container.State{Unreachable: err}
			}
		}
		if s.Running && (s.Paused != adopted.Paused || wanted && (s.Name != adopted.Name || !slices.Equal(f.lacks(ctx, s), lacked))) {
			close(to.changed)
			return
		}
		checks = checks.see(time.Now(), s)
		left, expected := checks.left(time.Now(), s)
		if expected && left <= 0 {
			to.unchecked <- s
			return
		}
		if late.Stop(); expected {
			late.Reset(left)
		}
	}
}
