package shipper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"rundock/internal/control"
	"rundock/internal/pause"
)

// setup is where a host has what, and what is wanted.
type setup struct {
	settings Settings
	host     string // the label
	logs     string // /var/log
	sv       string // runit's folder of service directories
	state    string // where the buffer is
	status   string // control.Dir
	digest   string // of the settings
	timing   timing
}

const (
	interval = 250 * time.Millisecond // between two looks at the logs
	busy     = 20 * time.Millisecond  // the same, while much comes
	muchRead = 256 << 10              // that is: bytes
	looking  = 5 * time.Second        // between two looks for folders
)

// run collects and sends until ctx is done. An error comes from the set-up.
func (s setup) run(ctx context.Context, log *slog.Logger) (err error) {
	to, err := s.settings.receiver()
	if err != nil {
		return err
	}
	c, err := openCollector(s.state, s.settings.Buffer, s.logs, s.sv)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	st := newState(s.status, c.spool, log, control.ShipStatus{
		PID: os.Getpid(), Since: time.Now(), Digest: s.digest, To: s.settings.To, Limit: s.settings.Buffer,
	})
	st.write()
	log.Info("shipping logs", "to", s.settings.To, "buffered", c.spool.Figures().Lines)
	var all sync.WaitGroup
	all.Go(func() { newSender(c.spool, to, s.host, s.timing, mark{path: markPath(s.status)}, st).run(ctx) })
	all.Go(func() { tell(ctx, st, s.timing.tell) })
	c.run(ctx, st)
	all.Wait()
	st.write()
	return nil
}

// run reads the logs until ctx is done.
func (c *collector) run(ctx context.Context, st *state) {
	var looked time.Time
	for {
		var bad error
		if time.Since(looked) >= looking {
			if err := c.look(); err != nil {
				bad = fmt.Errorf("look for logs in %s: %w", c.logs, err)
			}
			looked = time.Now()
		}
		size, err := c.sweep()
		st.collected(c.removed, errors.Join(bad, err))
		wait := interval
		if size >= muchRead {
			wait = busy
		}
		if pause.For(ctx, wait) != nil {
			return
		}
	}
}

// tell writes the status file until ctx is done.
func tell(ctx context.Context, st *state, every time.Duration) {
	for pause.For(ctx, every) == nil {
		st.write()
	}
}
