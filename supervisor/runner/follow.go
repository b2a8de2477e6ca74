package runner

import (
	"context"
	"log/slog"

	"rundock/internal/container"
	"rundock/supervisor/logcopy"
)

// follower follows running containers: their logs, their ends, and what they
// were made from.
type follower struct {
	docker  *container.Client
	logs    *logcopy.Copier
	origins origins
	log     *slog.Logger
}

// following is one container being followed, until close.
type following struct {
	ended     chan int             // it has ended, with this exit code
	outdated  chan string          // it has to be made anew, for this reason
	changed   chan struct{}        // it was renamed, paused or unpaused
	unchecked chan container.State // Docker makes no health checks of it any more
	logs      *logging
	cancel    context.CancelFunc
}

// follow starts to follow the running container s. Only of the wanted one it
// looks whether it is outdated or renamed, and keeps it in its networks.
func (f follower) follow(ctx context.Context, s container.State, wanted bool) *following {
	now := &following{ended: make(chan int, 1), outdated: make(chan string, 1), changed: make(chan struct{}), unchecked: make(chan container.State, 1)}
	now.logs = startLogs(ctx, f.logs, s.ID, f.log)
	ctx, now.cancel = context.WithCancel(ctx)
	go func() {
		if code, err := f.docker.Wait(ctx, s.ID); err == nil {
			now.ended <- code
		}
	}()
	go f.watch(ctx, s, wanted, now)
	if !wanted {
		return now
	}
	go rejoin(ctx, f.docker, f.origins.spec, s.ID, f.log)
	go func() {
		if why := f.origins.outdated(ctx, s.Labels); why != "" {
			now.outdated <- why
		}
	}()
	return now
}

func (f *following) close() {
	f.cancel()
	f.logs.stop()
}
