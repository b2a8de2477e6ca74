package announce

import "time"

// A reason that keeps changing, as of three members of etcd that refuse in
// turns, or of a check that prints the time, is logged chatterBurst times, then
// once every chatterPace. The status has it always.
const (
	chatterBurst = 10
	chatterPace  = time.Minute
)

// chatter counts log lines.
type chatter struct {
	spent int       // of the burst
	at    time.Time // when one of it was last given back
}

// allows reports whether one more line may be logged now.
func (c *chatter) allows(now time.Time) bool {
	if back := int(now.Sub(c.at) / chatterPace); back > 0 {
		c.spent = max(0, c.spent-back)
		c.at = now
	}
	if c.spent == chatterBurst {
		return false
	}
	c.spent++
	return true
}
