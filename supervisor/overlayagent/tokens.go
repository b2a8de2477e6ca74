package overlayagent

import "time"

const retryPause = time.Second // before what failed is tried again

// poke leaves a token, if there is none.
func poke(tokens chan struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}
