package e2e

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// Benchmarks are tests named TestBench..., in files bench_*_test.go: under
// RUNDOCK_BENCH=1, which `make bench` sets, they run at full size and print what
// they measured, where there is a peer against it in the same run; otherwise once
// at small size, so that they do not rot. They assert no times: machines differ,
// and are busy.

// benching reports whether figures are wanted: then benchmarks run at full
// size.
func benching() bool { return os.Getenv("RUNDOCK_BENCH") == "1" }

// rounds is how often each side is measured.
func rounds() int {
	if benching() {
		return 15
	}
	return 1
}

// versus prints the median of ours beside a peer's.
func versus(what string, ours []time.Duration, peer string, theirs []time.Duration, aim float64) {
	a, b := median(ours), median(theirs)
	wanted := "none"
	if aim > 0 {
		wanted = fmt.Sprintf("at most %.2f", aim)
	}
	fmt.Printf("measured: %s: %s; %s: %s; ratio %.2f (aim: %s), medians of %d\n",
		what, a.Round(time.Millisecond/10), peer, b.Round(time.Millisecond/10), float64(a)/float64(b), wanted, len(ours))
}

// distribution prints how what was measured spreads.
func distribution(what string, took []time.Duration, aim string) {
	took = slices.Sorted(slices.Values(took))
	at := func(percent int) time.Duration {
		return took[(len(took)-1)*percent/100].Round(time.Millisecond / 10)
	}
	fmt.Printf("measured: %-38s median %s, 90th percentile %s, worst %s of %d (aim: %s)\n", what, at(50), at(90), at(100), len(took), aim)
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
