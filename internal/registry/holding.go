package registry

import "context"

// Holding runs hold, as Lease.Hold, until ctx is done or end is called with the cause.
// end(nil) gives back what is held; end(ErrHandOver) hands it over to the holder that
// comes next, so that whoever watches sees no gap. Once ctx is done, end only waits for
// hold to end.
func Holding(ctx context.Context, hold func(context.Context)) (end func(cause error)) {
	held, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		hold(held)
	}()
	return func(cause error) {
		if ctx.Err() == nil { // its own cause may still be on its way to held
			cancel(cause)
		}
		<-ended
		cancel(nil)
	}
}
