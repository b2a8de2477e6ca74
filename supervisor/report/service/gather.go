package service

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"rundock/internal/runit"
	"rundock/internal/svlog"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

// gather finds out about the services named: by files, then from dockerd and
// etcd, each asked within report.Patience.
func (g *gatherer) gather(ctx context.Context, names []string) []serviceFacts {
	services := make([]serviceFacts, len(names))
	deserted := runit.Deserted(g.folders.SV)
	for i, name := range names {
		services[i] = g.byFiles(name)
		services[i].Deserted = within(services[i].Dir, deserted)
	}
	var asking sync.WaitGroup
	asking.Go(func() { g.askDocker(ctx, services) })
	asking.Go(func() { g.askStore(ctx, services) })
	asking.Go(func() { g.askSecondStore(ctx, services) })
	asking.Wait()
	g.lookAtNetworks(services)
	return services
}

// deepen finds out what explain tells besides.
func (g *gatherer) deepen(ctx context.Context, s *serviceFacts) {
	s.Deep = true
	g.host.Resolver = firstNameServer("/etc/resolv.conf")
	s.LastLog = lastMessages(supervisor.LogDir(s.Name), 5)
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	listed := g.listInstances(ctx, s)
	var asking sync.WaitGroup
	asking.Go(func() { g.askLeases(ctx, s) })
	asking.Go(func() { g.askVolumes(ctx, s) })
	asking.Go(func() { g.askDNS(ctx, s) })
	asking.Go(func() { g.tryChecks(ctx, s) })
	asking.Go(func() { g.askResolvers(ctx) })
	asking.Go(func() { g.askOthers(ctx, s, listed) })
	asking.Go(func() { g.askBalancers(ctx, s) })
	if g.docker != nil && s.Image != "" {
		asking.Go(func() { s.TagMeans, _ = g.docker.ImageID(ctx, s.Image) })
	}
	asking.Wait()
}

// lastMessages are the last n lines of an svlogd folder, without their times.
func lastMessages(dir string, n int) []string {
	lines, err := svlog.Read(dir, svlog.Wanted{Last: n})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []string{"(" + err.Error() + ")"}
	}
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.Text)
	}
	return texts
}
