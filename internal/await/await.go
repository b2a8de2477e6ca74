// Package await waits in tests for what must come. Only tests import it.
package await

import (
	"testing"
	"time"
)

// Deadline is how long it waits: long, as a busy machine is no failure.
const Deadline = 60 * time.Second

const interval = 5 * time.Millisecond

// True waits until so says yes.
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

// Empty waits until missing returns "": until then it says what is missing.
func Empty(t testing.TB, what string, missing func() string) {
	t.Helper()
	for end := time.Now().Add(Deadline); ; time.Sleep(interval) {
		last := missing()
		if last == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never came true: %s: %s", what, last)
		}
	}
}
