package runner

import (
	"context"
	"log/slog"

	"rundock/supervisor/logcopy"
)

// logging is a container's log being copied in the background.
type logging struct {
	copier *logcopy.Copier
	cancel context.CancelFunc
	done   chan struct{}
}

// startLogs copies the log of the container id until the container or ctx ends.
func startLogs(ctx context.Context, copier *logcopy.Copier, id string, log *slog.Logger) *logging {
	ctx, cancel := context.WithCancel(ctx)
	l := &logging{copier, cancel, make(chan struct{})}
	go func() {
		defer close(l.done)
		if err := copier.Follow(ctx, id); err != nil {
			log.Error("log no longer copied", "err", err)
		}
	}()
	return l
}

// finish waits until the log of a stopped container is copied whole, or svlogd
// does not take it.
func (l *logging) finish() {
	l.copier.Stalls(l.done)
	l.stop()
}

// stop stops copying; what was not copied is left to whoever comes next.
func (l *logging) stop() {
	l.cancel()
	<-l.done
}
