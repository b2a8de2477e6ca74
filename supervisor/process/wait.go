package process

import (
	"context"
	"time"

	"rundock/internal/pause"
)

// setupPause keeps a process that cannot start, say for a broken host.json,
// from filling its log: it says why once, and is started anew after this.
const setupPause = 5 * time.Second

// Pause waits for setupPause, or until ctx is done.
func Pause(ctx context.Context) { pause.For(ctx, setupPause) }
