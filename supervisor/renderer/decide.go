package renderer

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// refillTime is how long a store that came back is given until all that are well
// have announced themselves again: a lease of 15 s, and some.
const refillTime = 20 * time.Second

// keep says why a file that has now instances of each service must not take
// the place of one that had last; "" if it may. refilling says that the store
// came back less than refillTime ago.
//
// A service without a floor may shrink, yet not to nothing: a floor of 0
// allows for that.
func keep(floor, last, now map[string]int, refilling bool) string {
	for _, service := range slices.Sorted(maps.Keys(now)) {
		n := now[service]
		least, set := floor[service]
		if !set {
			least, set = floor["*"]
		}
		switch {
		case n < least:
			return fmt.Sprintf("service %s has %d instances, and its floor is %d", service, n, least)
		case !set && n == 0 && last[service] > 0:
			return fmt.Sprintf("service %s has no instance any more (it had %d), and no floor of 0 allows for that", service, last[service])
		case refilling && n < last[service]:
			return fmt.Sprintf("service %s has %d of %d instances since the store came back: waiting %s for the others", service, n, last[service], refillTime)
		}
	}
	return ""
}
