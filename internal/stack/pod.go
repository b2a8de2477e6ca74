package stack

import (
	"slices"
	"strings"
)

// Services are those that p shares with, sorted, each once.
func (p Pod) Services() []string {
	var names []string
	for _, name := range []string{p.Network, p.IPC, p.PID} {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, from := range p.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
