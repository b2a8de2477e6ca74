package process

import (
	"context"
	"fmt"
	"time"
)

// Wait waits for d, or returns ctx's cause when it is done before.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
}

// setupPause keeps a process that cannot start, say for a broken host.json,
// from filling its log: it says why once, and is started anew after this.
const setupPause = 5 * time.Second

// Pause waits for setupPause, or until ctx is done.
func Pause(ctx context.Context) { Wait(ctx, setupPause) }
