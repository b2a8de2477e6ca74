package main

import "time"

// settled is how long a container must have run for its end to count as an
// event of its own rather than as one of a crash loop.
const settled = time.Minute

// backoffLimit is the longest wait between two starts.
const backoffLimit = time.Minute

// crashesAfter returns the number of ends in a row that came too soon, given
// the number before and how long the container ran this time.
func crashesAfter(before int, ran time.Duration) int {
	if ran >= settled {
		return 0
	}
	return before + 1
}

// backoff is how long to wait before the next start: none after the first
// crash, as supervision promises a restart at once; then 1 s, 2 s, 4 s, ... up
// to backoffLimit.
func backoff(crashes int) time.Duration {
	if crashes < 2 {
		return 0
	}
	if crashes > 7 {
		return backoffLimit
	}
	return min(backoffLimit, time.Second<<(crashes-2))
}
