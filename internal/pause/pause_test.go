package pause

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := errors.New("told to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		began := time.Now()
		if err := For(ctx, time.Hour); err != nil || time.Since(began) != time.Hour {
			t.Errorf("For(1h) = %v after %s", err, time.Since(began))
		}
		began = time.Now()
		time.AfterFunc(time.Minute, func() { cancel(told) })
		if err := For(ctx, time.Hour); err != told || time.Since(began) != time.Minute {
			t.Errorf("For(1h), told to stop after 1m, = %v after %s", err, time.Since(began))
		}
	})
}
