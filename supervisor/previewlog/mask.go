package previewlog

import (
	"cmp"
	"slices"
	"strings"
)

const (
	masked = "****"

	// maskFrom is how long a value is at least that is not shown: of shorter ones, such as 1 or on, all
	// logs are full.
	maskFrom = 4
)

// Mask hides values in lines: the lines of each, of maskFrom bytes at least.
func Mask(values map[string]string) *strings.Replacer {
	var hidden []string
	for _, value := range values {
		for line := range strings.Lines(value) {
			if line = strings.TrimRight(line, "\r\n"); len(line) >= maskFrom {
				hidden = append(hidden, line)
			}
		}
	}
	// Of two that begin alike, the longer one.
	slices.SortFunc(hidden, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, value := range slices.Compact(hidden) {
		pairs = append(pairs, value, masked)
	}
	return strings.NewReplacer(pairs...)
}
