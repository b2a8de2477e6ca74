package runner

import (
	"testing"
	"time"

	"rundock/internal/control"
)

func TestBackoff(t *testing.T) {
	for crashes, want := range []time.Duration{0, 0, 1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		if got := backoff(crashes); got != want {
			t.Errorf("backoff(%d) = %s, want %s", crashes, got, want)
		}
	}
	if got := backoff(1 << 30); got != backoffLimit {
		t.Errorf("backoff(2^30) = %s, want the limit %s", got, backoffLimit)
	}
}

func TestCrashes_are_forgotten_after_a_settled_run(t *testing.T) {
	if got := crashesAfter(5, time.Second); got != 6 {
		t.Errorf("crashesAfter(5, 1s) = %d, want 6", got)
	}
	if got := crashesAfter(5, control.Stable); got != 0 {
		t.Errorf("crashesAfter(5, %s) = %d, want 0", control.Stable, got)
	}
}
