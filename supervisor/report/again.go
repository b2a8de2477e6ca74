package report

import (
	"slices"
	"time"
)

// What seems wrong is looked at again for as long as doubt before it is said.
// The parts of a host are read one after the other and change meanwhile: an
// overlay agent tells the kernel of a new host before it writes to disk, once a
// second, that it knows of it, and a successor takes over from a predecessor.
const (
	doubt      = 5 * time.Second
	doubtPause = 250 * time.Millisecond
)

// LookAgain returns what look finds as soon as that is not wrong, and else what
// it finds when doubt is over. look is given what it found before; again is
// unset, and before zero, the first time.
func LookAgain[T any](look func(before T, again bool) T, wrong func(T) bool) T {
	var found T
	found = look(found, false)
	for end := time.Now().Add(doubt); wrong(found) && time.Now().Before(end); {
		time.Sleep(doubtPause)
		found = look(found, true)
	}
	return found
}

// Lasting returns those of now that were there before.
func Lasting(before, now []string) []string {
	return slices.DeleteFunc(slices.Clone(now), func(n string) bool { return !slices.Contains(before, n) })
}
