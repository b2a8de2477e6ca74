package report

import (
	"slices"
	"time"
)

// Much of a host is read one after the other, and changes meanwhile: the agent
// of a network tells the kernel of a new host before it writes to disk, once a
// second, that it knows of it; and a successor takes over from an agent. So what
// seems wrong is looked at again for as long as doubt before it is said.
const (
	doubt      = 5 * time.Second
	doubtPause = 250 * time.Millisecond
)

// LookAgain returns what look finds as soon as that is not wrong, and else what
// it finds when doubt is over. before is what it found the last time, and zero
// the first.
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
