package hostconfig

import (
	"context"
	"time"

	"rundock/internal/pause"
)

// AddressLook is how often a process that uses an address of this host checks
// that the host still has it, where the check costs more than reading a file.
const AddressLook = 10 * time.Second

// Moved calls look after each pause of every and returns its result, and true, once it
// is the same twice in a row and differs from used. It returns false when ctx is
// done. An error of look is no move: an interface may be without an address for
// a while.
func Moved(ctx context.Context, every time.Duration, used string, look func() (string, error)) (to string, ok bool) {
	for last := used; pause.For(ctx, every) == nil; {
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
	return "", false
}
