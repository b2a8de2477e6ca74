package follow

import (
	"fmt"
	"time"
)

// Losses decides about records that a new list of the store lacks. Changes
// that are watched are the store's own word and apply at once; a list made
// after a break (compaction, another store, a backup) may as well mean that
// the store lost them, while the services run on.
type Losses struct {
	Share int           // percent of the records that may be missing before they are kept for a while
	Hold  time.Duration // for how long; 0: not at all
}

// fewLosses are believed of a store that is the same and went on: one service
// that was withdrawn meanwhile may be most of a small site.
const fewLosses = 2

// An origin is the store a list came from, and how far it was.
type origin struct {
	cluster  uint64 // 0: not known
	revision int64
}

// suspicion returns why missing of known records are to be kept for a while,
// "" where they are to go at once.
func (l Losses) suspicion(before, now origin, known, missing int) string {
	replaced := ""
	switch {
	case before.cluster != 0 && before.cluster != now.cluster:
		replaced = fmt.Sprintf("the store is another cluster, %x, was %x", now.cluster, before.cluster)
	case before.revision > now.revision:
		replaced = fmt.Sprintf("the store went back from revision %d to %d", before.revision, now.revision)
	}
	switch {
	case l.Hold == 0 || missing*100 <= known*l.Share:
		return ""
	case replaced != "":
		return replaced
	case missing > fewLosses && missing == known:
		return "the store is empty"
	case missing > fewLosses:
		return fmt.Sprintf("more than %d%% of the records are gone from one list to the next", l.Share)
	}
	return ""
}
