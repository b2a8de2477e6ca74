package previewwork

import (
	"context"
	"fmt"

	"rundock/internal/preview"
	"rundock/internal/preview/settings"
)

// sleep stops a preview's containers. Its release stays, and routers know before they stop.
func (w *worker) sleep(ctx context.Context, name string) error {
	if _, err := w.state(ctx, name, true, func(s *preview.State) {
		w.takes(s)
		s.Step, s.Reason = preview.Asleep, ""
	}); err != nil {
		return err
	}
	return w.stop(ctx, name)
}

// stop has the services of a preview on this host be disabled.
func (w *worker) stop(ctx context.Context, name string) error {
	_, known, err := w.engine.facts(ctx, "services")
	if err != nil {
		return err
	}
	return w.disable(ctx, known.of(preview.StackOf(name)), "disabled")
}

// disable has services be disabled, or absent.
func (w *worker) disable(ctx context.Context, all []service, state string) error {
	var entries []map[string]any
	for _, s := range all {
		entries = append(entries, map[string]any{"name": s.Name, "state": state})
	}
	if len(entries) == 0 {
		return nil
	}
	return w.engine.module(ctx, "rundock", map[string]any{"services": entries})
}

// wake starts what is stopped of a preview's current release.
func (w *worker) wake(ctx context.Context, wish preview.Wish) error {
	name := preview.StackOf(wish.Name)
	base, lost, err := w.engine.base(ctx, name)
	if err != nil {
		return err
	}
	if base == nil {
		return faultf("there is no release of %s to start again: deploy it", wish.Name)
	}
	key, err := settings.ReadKey(w.key)
	if err != nil {
		return err
	}
	env, err := w.view.settings(wish).Open(key)
	if err != nil {
		return err
	}
	err = w.engine.roll(ctx, rollout{
		stack: name, run: w.runID(), back: base.Number, settings: env,
		say: func(format string, values ...any) { w.log.Info(fmt.Sprintf(format, values...), "preview", wish.Name) },
	}, lost)
	if err != nil {
		return err
	}
	routes := w.view.routesOf(wish.Name)
	if err := answering(ctx, routes, func(label string) string { return fmt.Sprintf("route %q", label) }); err != nil {
		return err
	}
	_, err = w.state(ctx, wish.Name, true, func(s *preview.State) { s.Step, s.Host, s.Reason = preview.Ready, w.host, "" })
	return err
}
