package hostconfig

import (
	"context"
	"time"
)

// AddressLook is how often who uses an address of this host looks whether the
// host still has it, where finding that out costs more than a glance.
const AddressLook = 10 * time.Second

// Moved returns true, and what look says, once that is the same twice in a row
// and not what is used: two looks are every apart. It returns false when ctx is
// done. What cannot be found out, as of an interface that is without an address
// for a while, has not moved.
func Moved(ctx context.Context, every time.Duration, used string, look func() (string, error)) (to string, ok bool) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := used; ; {
		select {
		case <-ctx.Done():
			return "", false
		case <-tick.C:
		}
		now, err := look()
		switch {
		case err != nil || now == used:
			last = used
		case now == last:
			return now, true
		default:
			last = now
		}
	}
}
