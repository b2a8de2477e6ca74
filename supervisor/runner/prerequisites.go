package runner

import (
	"context"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// prerequisites are what must be there before the container of a service is
// started: mounts, overlay networks, and containers that it shares something
// with.
type prerequisites struct {
	service supervisor.Service
	docker  *container.Client
	status  *status
	signals *signals
}

// await waits until all are there; the status says what is awaited. The error
// is that of ctx.
func (p prerequisites) await(ctx context.Context) error {
	for _, missing := range []func(context.Context) string{p.mount, p.network, p.partner} {
		if err := p.one(ctx, missing); err != nil {
			return err
		}
	}
	return nil
}

// one waits until missing, which names what is awaited, returns "".
func (p prerequisites) one(ctx context.Context, missing func(context.Context) string) error {
	last := ""
	for {
		now := missing(ctx)
		if now == "" {
			return nil
		}
		if last != now {
			last = now
			p.status.log.Warn("waiting to start the container", "for", now)
			p.status.say(control.Waiting, now)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-p.signals.replace: // a new container is what it will be
			p.status.deployAnew()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p prerequisites) mount(context.Context) string {
	if err := servicecontainer.Mounted(p.service.Mounts); err != nil {
		return err.Error()
	}
	return ""
}

// What else is wrong with a network or a partner is for the start to find out.

func (p prerequisites) network(ctx context.Context) string {
	return missingNetwork(ctx, p.docker, overlays(p.service.Container, overlay.SettingsDir))
}

func (p prerequisites) partner(ctx context.Context) string {
	all, err := p.docker.Partners(ctx, p.service.Container.Shares())
	if err != nil {
		return ""
	}
	return container.Origins{Partners: all}.MissingPartner()
}
