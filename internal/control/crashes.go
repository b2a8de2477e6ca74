package control

import "time"

// Looped is how many ends in a row are a crash loop (RunnerStatus.Crashes):
// then waiting for the next start is hopeless.
const Looped = 3

// Stable is how long a container must have run for its end to count as an
// event of its own rather than as one of a crash loop.
const Stable = time.Minute
