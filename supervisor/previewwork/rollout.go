package previewwork

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/manifest"
	"rundock/internal/stack"
)

// runID is that of this host's runs: a worker that comes after one that was killed goes on with its runs.
func (w *worker) runID() string { return "previews-" + w.host }

// roll has what was made run as the preview's current release.
func (d *deployment) roll(ctx context.Context, made manifest.Result, env map[string]string) error {
	if _, err := d.state(ctx, d.name, false, func(s *preview.State) { s.Step, s.Commit, s.Reason = preview.Deploying, d.facts.Wish.Commit, "" }); err != nil {
		return err
	}
	base, lost, err := d.engine.base(ctx, d.stack)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		// Volumes and ports of a host that is gone must not bind the new release: all is made as on the first day.
		d.log.Addf("it was on %s, which is gone: it is made anew here, without the data that was there", strings.Join(lost, ", "))
		if err := d.dissolve(ctx, d.stack, lost, d.log.Addf); err != nil {
			return err
		}
		base = nil
	}
	_, known, err := d.engine.facts(ctx, "services")
	if err != nil {
		return err
	}
	m, names := runnable(named(made.Stack, d.name), d.facts.Settings)
	var had *stack.Stack
	if base != nil {
		had = &base.Model
	}
	m, reached, err := publish(m, made.Routes, names, func(service string, inner int) (int, error) {
		return d.ports.forService(had, d.stack, service, inner, known.taken())
	})
	if err != nil {
		return err
	}
	routes := addresses(d.ports.address, reached)
	secrets := map[string][]byte{}
	for key, value := range made.Secrets {
		secrets[key] = value
	}
	r := rollout{
		stack: d.stack, run: d.runID(), model: modelOf(m, made.Configs, secrets), settings: env, say: d.log.Addf,
		ready: func(ctx context.Context) error {
			return answering(ctx, routes, func(label string) string {
				return fmt.Sprintf("service %s, port %d", made.Routes[label].Service, made.Routes[label].Port)
			})
		},
		current: func(ctx context.Context) error {
			d.ports.keep(d.stack, m)
			return d.isReady(ctx, routes)
		},
	}
	if base != nil && base.Model.Hash() == m.Hash() {
		// The release was made current before: whatever is to be settled first, requests go there.
		if err := d.pointTo(ctx, routes); err != nil {
			return err
		}
	}
	err = d.engine.roll(ctx, r, nil)
	switch {
	case err == nil:
		ctx = context.WithoutCancel(ctx) // it is current
		if err := d.tidied(ctx, m); err != nil {
			return err
		}
		return d.isMade(ctx)
	case ctx.Err() != nil, errors.Is(err, errUnfinished), errors.As(err, new(siteError)), d.docker.Ping(ctx) != nil, d.storeAway(ctx):
		return err
	}
	return fault{err}
}

// tidied removes what is left of the releases before.
func (d *deployment) tidied(ctx context.Context, m stack.Stack) error {
	had, err := d.engine.had(ctx, d.stack)
	if err != nil {
		return err
	}
	return errors.Join(had.without(m).remove(), d.prune(ctx, d.name, m))
}

// storeAway reports whether the store does not answer.
func (w *worker) storeAway(ctx context.Context) bool {
	_, err := w.store.Read(ctx, []string{preview.WorkerKey(w.host)})
	return err != nil
}

// named gives the containers of a preview its name.
func named(m stack.Stack, name string) stack.Stack {
	m.Services = maps.Clone(m.Services)
	for service, def := range m.Services {
		def.Container.Env = maps.Clone(def.Container.Env)
		if def.Container.Env == nil {
			def.Container.Env = map[string]string{}
		}
		def.Container.Env["PREVIEW_NAME"] = name
		m.Services[service] = def
	}
	return m
}

// addresses are routes as a State has them.
func addresses(host string, reached map[string]int) map[string][]string {
	all := map[string][]string{}
	for label, port := range reached {
		address, err := netip.ParseAddr(host)
		if err == nil {
			all[label] = []string{netip.AddrPortFrom(address, uint16(port)).String()}
		}
	}
	return all
}

// isReady writes that the release serves. What was there before it runs yet: the job is not made.
func (d *deployment) isReady(ctx context.Context, routes map[string][]string) error {
	_, err := d.state(ctx, d.name, true, func(s *preview.State) {
		s.Step, s.Commit, s.Reason, s.Routes = preview.Ready, d.facts.Wish.Commit, "", routes
		s.Host = d.worker.host
	})
	if err == nil {
		d.log.Addf("ready at %s", d.urlOf(d.name))
	}
	return err
}

// isMade writes that the job is made, once what was there before is gone: a builder that is killed until then makes it
// again, which settles that.
func (d *deployment) isMade(ctx context.Context) error {
	_, err := d.state(ctx, d.name, false, func(s *preview.State) {
		job := d.facts.Job()
		s.Done, s.Notes = &job, d.notes
	})
	return err
}

// pointTo has requests go to routes already.
func (d *deployment) pointTo(ctx context.Context, routes map[string][]string) error {
	_, err := d.state(ctx, d.name, false, func(s *preview.State) { s.Routes = routes })
	return err
}

// answerWithin is how long a service that is well may take to listen.
const answerWithin = 60 * time.Second

// answering waits until all routes take connections; what is what a route is for people.
func answering(ctx context.Context, routes map[string][]string, what func(label string) string) error {
	within, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for _, label := range slices.Sorted(maps.Keys(routes)) {
		for _, address := range routes[label] {
			for last := dial(within, address); last != nil; last = dial(within, address) {
				if pause.For(within, 100*time.Millisecond) != nil {
					if ctx.Err() != nil {
						return context.Cause(ctx)
					}
					return fmt.Errorf("%s: nothing listens: no connection was taken within %s", what(label), answerWithin)
				}
			}
		}
	}
	return nil
}

// settleFor is how long a connection must stay open: Docker's own proxy takes one, and ends it where
// the container does not listen.
const settleFor = 100 * time.Millisecond

func dial(ctx context.Context, address string) error {
	c, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(settleFor)); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}
