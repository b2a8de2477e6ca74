package process

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Listen ends a process's context for each signal: with handOver for HUP, with
// ErrStop for TERM and INT. It never returns. A log that nobody reads any more
// kills no process.
func Listen(leave context.CancelCauseFunc, handOver error) {
	signal.Ignore(syscall.SIGPIPE)
	told := make(chan os.Signal, 4)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	for s := range told {
		if s == syscall.SIGHUP {
			leave(handOver)
		} else {
			leave(ErrStop)
		}
	}
}
