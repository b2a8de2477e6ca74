package service

import "context"

// Standing is how a service stands, as `rundockd status --json` has it.
type Standing = serviceStatus

// Standings tells how all services of this host stand, and what could not be found out
// of the host as a whole.
func Standings(ctx context.Context) (services []Standing, unknown []string) {
	g := newGatherer()
	defer g.close()
	facts := g.gather(ctx, g.services().Names())
	for _, t := range []string{g.host.Config.Text, g.host.Runit.Text, g.host.Docker.Text, g.host.Store.Text} {
		if t != "" {
			unknown = append(unknown, t)
		}
	}
	return statusOf(g.host, facts).Services, unknown
}
