package module

import "time"

// poll is how long a wait pauses between two looks.
const poll = 20 * time.Millisecond

// Await returns once done says so, or fails. When patience is over it returns what
// late says.
func Await(patience time.Duration, done func() (bool, error), late func() error) error {
	deadline := time.Now().Add(patience)
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return late()
		}
		time.Sleep(poll)
	}
}
