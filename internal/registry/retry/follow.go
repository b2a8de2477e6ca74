package retry

import (
	"context"
	"fmt"
	"time"
)

// Follow runs life, one connection's worth of following what, again and again
// until ctx is done, at most 1 s apart; then it returns. life calls healthy
// once what it follows is known, and returns why it broke. onHealth is told nil
// by the first and the reason by the second, a repeated reason once.
func Follow(ctx context.Context, what string, onHealth func(error), life func(healthy func()) error) {
	var attempts Backoff
	var told string
	for {
		began := time.Now()
		err := life(func() {
			told = ""
			onHealth(nil)
		})
		if ctx.Err() != nil {
			return
		}
		err = fmt.Errorf("watch %s: %w", what, err)
		if err.Error() != told {
			told = err.Error()
			onHealth(err)
		}
		attempts.After(time.Since(began))
		attempts.Wait(ctx, nil)
	}
}
