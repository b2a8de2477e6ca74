package control

import "time"

// Pause is a moment for which a runner pauses its container, so that Docker makes
// health checks of it again. It is not an operator's docker pause.
type Pause struct {
	Container string    `json:"container"` // id
	Began     time.Time `json:"began"`
	Ended     time.Time `json:"ended,omitzero"` // zero: it was not unpaused yet
}

// pauseLimit is how long a pause may take for which a service stays announced: a few
// milliseconds, but seconds on a busy machine.
const pauseLimit = 30 * time.Second

// seenLate is how long after the end of a pause somebody may still tell of it.
const seenLate = 2 * time.Second

// Covers reports whether a container that is found paused at now is so by p. A nil p
// covers none.
func (p *Pause) Covers(container string, now time.Time) bool {
	return p != nil && p.Container == container && now.Sub(p.Began) < pauseLimit &&
		(p.Ended.IsZero() || now.Sub(p.Ended) < seenLate)
}

// Unchecked tells that Docker makes no health checks of a container any more, and
// that its runner could not change that.
type Unchecked struct {
	Container string    `json:"container"` // id
	Last      time.Time `json:"last"`      // when the last check ended: one that ends later is news
	Error     string    `json:"error"`     // why
}
