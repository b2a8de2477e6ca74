// Package bench measures an overlay network beside what the kernel does by
// itself: data in files dataplane*, control in control*. It consists of
// tests, which run small among the others, so that they cannot rot, and in
// earnest by make bench-overlay. Nothing is measured elsewhere, and nothing but
// measured here.
//
// A comparison is one run: what is compared takes turns, round by round, so
// that whatever else the machine does meets all of it. What counts is the
// median of the rounds, and ratios more than milliseconds: those are of one
// machine. Nothing is asserted about time.
package bench

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"rundock/internal/overlay/overlaytest/agentsite"
	"rundock/internal/registry/etcdtest"
)

var (
	earnest = flag.Bool("earnest", false, "measure, instead of only running")
	rounds  = flag.Int("rounds", 10, "rounds, in earnest")
	seconds = flag.Float64("seconds", 2, "of load for each path in a round, in earnest")
)

func TestMain(m *testing.M) {
	flag.Parse()
	etcdtest.Main(m)
}

// onHost runs a test on a host of its own, as earnest as here.
func onHost(t *testing.T, test func(*agentsite.Site)) {
	t.Helper()
	var args []string
	if *earnest {
		args = []string{"-earnest", fmt.Sprint("-rounds=", *rounds)}
	}
	agentsite.Run(t, test, args...)
}

// turns is how many rounds there are.
func turns() int {
	if *earnest {
		return *rounds
	}
	return 1
}

// report prints what was measured, where go test -v shows it.
func report(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf("measured: "+format, args...)
}

// median is 0 of nothing.
func median(all []float64) float64 { return quantile(all, 0.5) }

// quantile is the value that a share of all are below: 0.99 of 100 is the
// second largest.
func quantile(all []float64, share float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// ratio is the median of the ratios of each round.
func ratio(all, base []float64) float64 {
	each := make([]float64, len(all))
	for i := range all {
		each[i] = all[i] / base[i]
	}
	return median(each)
}
