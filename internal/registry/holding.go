package registry

import "context"

// Holding runs hold, as Lease.Hold, until ctx is done or leave is called. leave hands
// what is held over to the holder that comes next, so that whoever watches sees no gap;
// once ctx is done it only waits for hold to end.
func Holding(ctx context.Context, hold func(context.Context)) (leave func()) {
	held, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		hold(held)
	}()
	return func() {
		if ctx.Err() == nil { // its own cause may still be on its way to held
			cancel(ErrHandOver)
		}
		<-ended
		cancel(nil)
	}
}
