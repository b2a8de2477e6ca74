package runner

import (
	"context"

	"rundock/supervisor/logcopy"
)

// logging is a log being followed in the background.
type logging struct {
	copier *logcopy.Copier
	stop   context.CancelFunc
	done   chan struct{}
}

func (r *runner) startLogs(ctx context.Context, id string) *logging {
	ctx, stop := context.WithCancel(ctx)
	l := &logging{r.logs, stop, make(chan struct{})}
	go func() {
		defer close(l.done)
		if err := r.logs.Follow(ctx, id); err != nil {
			r.log.Error("log no longer copied", "err", err)
		}
	}()
	return l
}

// end waits until the log of a stopped container is copied whole, or svlogd
// does not take it.
func (l *logging) end() {
	l.copier.Stalls(l.done)
	l.cancel()
}

// cancel stops following; what was not copied is left to the next follower.
func (l *logging) cancel() {
	l.stop()
	<-l.done
}
