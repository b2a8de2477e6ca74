package previewwork

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/settings"
)

// sleep stops a preview's containers. Its release stays, and routers know before they stop.
func (w *worker) sleep(ctx context.Context, name string) error {
	after, err := w.state(ctx, name, true, w.rests)
	if err != nil || after.Host != w.host {
		return err
	}
	return w.stop(ctx, name)
}

// rests has a preview be asleep. One whose host is gone runs nowhere: it stays that host's, so that it takes no room of
// another one, and is made anew once it is to be started.
func (w *worker) rests(s *preview.State) {
	s.Step, s.Reason = preview.Asleep, ""
	if s.Host != w.host {
		s.Routes, s.Done = nil, nil
	}
}

// sleepers are the previews of a host that are to be asleep, with nothing else to be done for them, of which services are
// enabled: their sleep was begun and not finished.
func (w *worker) sleepers(s snapshot, known facts, now time.Time) (names []string) {
	for name := range s.states {
		if w.isAsleep(s, name, now) && slices.ContainsFunc(known.of(preview.StackOf(name)), func(one service) bool { return one.Enabled }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// isAsleep reports whether a preview is to be asleep on this host, and nothing else is to be done for it.
func (w *worker) isAsleep(s snapshot, name string, now time.Time) bool {
	state := s.states[name]
	f, there := w.facts(s, name, now)
	return state.Step == preview.Asleep && state.Host == w.host && there && w.rules.Next(f, now) == preview.Rest
}

// stopSleepers finishes their sleep.
func (w *worker) stopSleepers(ctx context.Context, s snapshot, known facts) error {
	var wrong []error
	for _, name := range w.sleepers(s, known, time.Now()) {
		toDo := func(s snapshot) bool { return w.isAsleep(s, name, time.Now()) }
		wrong = append(wrong, w.claimed(ctx, name, toDo, func(ctx context.Context) error {
			w.log.Info("stopping what runs of a preview that is asleep", "preview", name)
			return w.stop(ctx, name)
		}))
	}
	return errors.Join(wrong...)
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

// wake starts what is stopped of a preview's current release. Where this host has none, it is to be deployed again.
func (w *worker) wake(ctx context.Context, wish preview.Wish) error {
	name := preview.StackOf(wish.Name)
	base, lost, err := w.engine.base(ctx, name)
	if err != nil {
		return err
	}
	if base == nil || len(lost) > 0 {
		_, err := w.state(ctx, wish.Name, true, unmade)
		return err
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
	}, nil)
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

// unmade has a preview be deployed next, as if its job had never been made.
func unmade(s *preview.State) { s.Step, s.Done, s.Reason = preview.Queued, nil, "" }
