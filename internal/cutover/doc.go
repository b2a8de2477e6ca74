// Package cutover is what those who take part in the switch of a service from
// one colour to the other write into the store, and the decision what comes
// next. Nothing here watches or waits: the one who asked (rundockd switch) and the load
// balancers (rundockd balance) meet here.
//
// Keys, below /rundock/v1, with JSON in which an unknown field is an error:
//
//	switch/SERVICE                the State: written by compare-and-swap alone
//	switch/SERVICE/lock           a Lock, under the lease of the one who asked
//	switch/SERVICE/acks/HOST      an Ack, under the lease of HOST's load balancer
//	switch/SERVICE/history/TIME   an Entry for each attempt that ended
//	loadbalancers/HOST            a LoadBalancer: HOST has to acknowledge; under no lease
//
// An attempt goes through phases. Each begins with a write of the State by the
// one who asked, and is over when every load balancer that is registered has
// acknowledged it:
//
//	prepare  -> prepared  the servers of To are in its backend, MinHealthy of them exactly UP; traffic is as it was
//	canary   -> canary    CanaryPercent of new sessions go to To
//	flip     -> flipped   the map file, and the map, say To
//	         -> drained   no session is left on the other colour; after Drain seconds they are shut down
//	settled  -> serving   To is Active; the other colour stays checked and warm
//	back     -> serving   the map says Active again, wherever the attempt was
//
// A load balancer always has an Ack for each of its services while it runs
// (serving, where no attempt is under way): one without is down. It says failed,
// with a reason, where it cannot do what a phase asks; then all go back.
//
// The lock tells whether somebody still leads the attempt. Where it is gone and
// the attempt is not settled, whoever sees it first makes the step that Orphaned
// returns (Commit writes it), load balancers and the next one who asks alike. So
// traffic is as it was or as wanted.
//
// A service without a State has no active colour. The first colour that is
// announced writes one (First), before its records.
package cutover

// The colours. A service without colour has none of this.
const (
	Blue  = "blue"
	Green = "green"
)

// Other returns the colour that colour is not.
func Other(colour string) string {
	if colour == Blue {
		return Green
	}
	return Blue
}

// IsColour reports whether colour is one.
func IsColour(colour string) bool { return colour == Blue || colour == Green }
