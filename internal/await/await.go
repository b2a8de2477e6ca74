// Package await waits in tests for what must come. Only tests import it.
package await

import (
	"fmt"
	"testing"
	"time"
)

// Deadline is how long it waits: far longer than anything takes, as a busy
// machine is no failure.
const Deadline = 5 * time.Minute

const interval = 5 * time.Millisecond

// True waits until so returns true.
func True(t testing.TB, what string, so func() bool) {
	t.Helper()
	Empty(t, what, func() string {
		if so() {
			return ""
		}
		return "it is not so"
	})
}

// Nil waits until try returns no error.
func Nil(t testing.TB, what string, try func() error) {
	t.Helper()
	Empty(t, what, func() string {
		if err := try(); err != nil {
			return err.Error()
		}
		return ""
	})
}

// Equal waits until ask returns want.
func Equal(t testing.TB, what, want string, ask func() string) {
	t.Helper()
	Empty(t, what, func() string {
		if got := ask(); got != want {
			return fmt.Sprintf("it is %q, want %q", got, want)
		}
		return ""
	})
}

// Empty waits until missing returns "", which names what is still missing. It
// asks for half of the time at most: some questions start processes.
func Empty(t testing.TB, what string, missing func() string) {
	t.Helper()
	for end := time.Now().Add(Deadline); ; {
		asked := time.Now()
		last := missing()
		if last == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: still not so after %s: %s", what, Deadline, last)
		}
		time.Sleep(max(interval, time.Since(asked)))
	}
}
