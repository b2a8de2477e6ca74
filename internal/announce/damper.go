package announce

import (
	"math"
	"time"
)

// Flap damping, after the manner of BGP's (RFC 2439), with one difference:
// the penalty fades only while the service is well, so that a crash loop does
// not get away with a long back-off between its starts.
const (
	flapSuppress = 2.0              // above this a service is not announced: from the third drop in a row
	flapReuse    = 1.0              // and at this it is again
	flapHalf     = 15 * time.Second // of being well, after which half of the penalty is gone
	flapMax      = time.Minute      // of being well, after which any service is announced
)

// damper counts drops, each for 1.
type damper struct {
	penalty    float64
	at         time.Time // penalty is as of then
	well       bool      // since then
	suppressed bool
}

// pass lets time pass up to now, from when on the service is well or not.
func (d *damper) pass(now time.Time, well bool) {
	if d.well {
		d.penalty *= math.Exp2(-float64(now.Sub(d.at)) / float64(flapHalf))
	}
	d.at, d.well = now, well
	if d.remaining() == 0 {
		d.suppressed = false
	}
}

func (d *damper) drop(now time.Time) {
	d.pass(now, false)
	d.penalty = min(d.penalty+1, flapReuse*math.Exp2(float64(flapMax)/float64(flapHalf)))
	if d.penalty > flapSuppress {
		d.suppressed = true
	}
}

// remaining is how long the service must still be well to be announced.
func (d *damper) remaining() time.Duration {
	if !d.suppressed || d.penalty <= flapReuse {
		return 0
	}
	// Rounded up, so that a timer of this length finds nothing left.
	return time.Duration(math.Ceil(math.Log2(d.penalty/flapReuse)*float64(flapHalf)/1e6)) * time.Millisecond
}
