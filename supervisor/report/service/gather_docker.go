package service

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"rundock/internal/container"
	"rundock/internal/overlay"
	"rundock/supervisor"
	"rundock/supervisor/report"
	"rundock/supervisor/servicecontainer"
)

// askDocker fills in the containers.
func (g *gatherer) askDocker(ctx context.Context, services []serviceFacts) {
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	docker, err := container.Open()
	if err == nil {
		err = docker.Ping(ctx)
	}
	if err != nil {
		g.host.Docker = silence(ctx, "dockerd", err)
		return
	}
	g.docker = docker
	failures := make([]error, len(services))
	var asking sync.WaitGroup
	places := make(chan struct{}, 8) // dockerd does not answer faster for being asked more at once
	for i := range services {
		asking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			s := &services[i]
			s.Container, failures[i] = servicecontainer.Find(ctx, docker, s.Name)
			if failures[i] == nil && s.Container.Exists {
				s.Origins.Partners, failures[i] = docker.Partners(ctx, s.Shares)
				s.Lacking = lackingOf(ctx, docker, s.Container, s.Settled)
			}
		})
	}
	asking.Wait()
	if err := firstError(failures); err != nil {
		g.host.Docker, g.docker = silence(ctx, "dockerd", err), nil
	}
}

// lackingOf are those of networks that the container is not in while it runs. A dockerd
// without a network bridge of its own has containers in none.
func lackingOf(ctx context.Context, docker *container.Client, c container.State, networks []string) (lacking []lackingNetwork) {
	if !c.Running {
		return nil
	}
	for _, name := range c.Lacks(networks) {
		there, err := docker.HasNetwork(ctx, name)
		gone := err == nil && !there
		if gone && name == "bridge" {
			continue
		}
		lacking = append(lacking, lackingNetwork{name, gone, report.Exists(filepath.Join(overlay.SettingsDir, name+".json"))})
	}
	return lacking
}

// silence is report.TroubleOf err, in plain words where who did not answer in time.
func silence(ctx context.Context, who string, err error) report.Trouble {
	if ctx.Err() != nil {
		return report.Trouble{Text: who + " does not answer within " + report.Patience.String()}
	}
	return report.TroubleOf(err)
}

// firstError returns the first error there is.
func firstError(errs []error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// askVolumes fills in what the container keeps where no volume is.
func (g *gatherer) askVolumes(ctx context.Context, s *serviceFacts) {
	runner, _ := supervisor.Installed(s.Dir)
	if g.docker == nil || runner == "" {
		return
	}
	service, err := supervisor.ReadService(filepath.Join(runner, "service.json"))
	if err != nil {
		return // s.Files says it
	}
	// That dockerd does not answer is said of the container.
	s.AnonymousVolumes, _ = g.docker.AnonymousVolumes(ctx, s.Container, service.Container)
}
