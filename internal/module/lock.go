package module

import (
	"fmt"
	"time"

	"rundock/internal/flock"
)

// Lock keeps other calls at the same thing waiting until unlock. path is
// control.LockFile's, which is emptied, as it holds notes of the last call. The
// error, when patience is over, says what another call is at work on.
func Lock(path, what string, patience time.Duration) (unlock func(), err error) {
	f, err := flock.Open(path)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(patience)
	for {
		taken, err := flock.TryLock(f)
		if taken {
			err = f.Truncate(0)
		}
		if taken && err == nil {
			return func() { f.Close() }, nil
		}
		if err == nil && time.Now().After(deadline) {
			err = fmt.Errorf("lock %s: another call is at work on %s", path, what)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
