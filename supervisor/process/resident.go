package process

import (
	"context"
	"log/slog"
)

// Resident has run be at work until the process is told to leave, and returns the exit
// code: 100 for what only an operator can mend, which is logged as what cannot be done,
// and takes a while. The context ends with handOver for HUP, with ErrStop for TERM and
// INT; an error of run after that is none.
func Resident(handOver error, cannot string, run func(context.Context, *slog.Logger) error) int {
	KeepSmall()
	log := NewLogger()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go Listen(cancel, handOver)
	if err := run(ctx, log); err != nil && ctx.Err() == nil {
		log.Error(cannot, "err", err)
		Pause(ctx)
		return 100
	}
	return 0
}
