// Package report tells people how the services of a host are doing: the
// commands status, explain and logs of rundockd, and what an address of an
// overlay network is (netexplain.go). It finds out facts (gather.go),
// judges them (judge.go, pure) and tells them, as a table (statustable.go), as a
// story (story.go), or as JSON, whose fields docs/operations.md describes. It
// changes nothing.
package report

import (
	"time"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// Program is what the reports share with the runners and sidecars that they
// are about.
type Program struct {
	Expand       func(spec.Container) (full spec.Container, from container.Origins, err error) // fills in what the host gives
	Announcement func(supervisor.Announce, hostconfig.Config) (announce.Config, error)         // of a sidecar on this host
	Instance     func(container.State) announce.Instance                                       // what a sidecar needs to know of a container
	Lives        func(pid int, command string) bool                                            // pid is a living `rundockd command`
	Looped       int                                                                           // ends in a row that are a crash loop
	Settled      time.Duration                                                                 // that a container must have run for its end to be none of a loop
}
