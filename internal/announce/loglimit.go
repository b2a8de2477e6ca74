package announce

import "time"

// A reason that keeps changing is logged logBurst times, then once every logPace:
// three members of etcd may refuse in turns, or a check print the time. The
// status has it always.
const (
	logBurst = 10
	logPace  = time.Minute
)

// logLimit counts log lines.
type logLimit struct {
	spent int       // of the burst
	at    time.Time // when one of it was last given back
}

// allows reports whether one more line may be logged now.
func (c *logLimit) allows(now time.Time) bool {
	if back := int(now.Sub(c.at) / logPace); back > 0 {
		c.spent = max(0, c.spent-back)
		c.at = now
	}
	if c.spent == logBurst {
		return false
	}
	c.spent++
	return true
}
