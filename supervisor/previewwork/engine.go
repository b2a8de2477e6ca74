package previewwork

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
	"rundock/supervisor/report"
)

// engine leads runs of stacks' releases, of which this host does all.
type engine struct {
	programs
	store   registry.Store
	host    string
	timeout int // seconds that an instance has to become well
}

// rollout is a run.
type rollout struct {
	stack    string
	run      string // id. A worker that was killed goes on with its own run
	model    *control.StackModel
	back     int // a release that is to be as it was, instead of model; 0, and no model: the stack is to go
	settings map[string]string

	say     func(format string, values ...any)
	ready   func(context.Context) error // before the commit: whether requests are taken
	current func(context.Context) error // once the release is current, before what left is stopped
}

// patience is how long a call may take until the next one, in seconds: then the run's lock is given back.
const patience = 120

// errUnfinished is a run that could neither be finished nor undone; the next one settles it.
var errUnfinished = errors.New("not all is undone: the next try goes on with that")

// siteError is an error of a rollout that may pass without another commit: the engine does not begin, as another run
// works on the stack or the host is drained; or an image cannot be pulled, as its image registry is away.
type siteError struct{ error }

func (s siteError) Unwrap() error { return s.error }

// base is the release of a stack that is current; nil where there is none. lost are hosts
// other than this one that have some of it.
func (e engine) base(ctx context.Context, name string) (base *release.Release, lost []string, err error) {
	v, err := release.Load(ctx, e.store, name)
	if err != nil {
		return nil, nil, err
	}
	hosts := map[string]bool{}
	for _, r := range v.InUse() {
		for _, slot := range r.Slots {
			if slot.Host != e.host && slot.Host != "" && !hosts[slot.Host] {
				hosts[slot.Host] = true
				lost = append(lost, slot.Host)
			}
		}
	}
	return v.Base(), lost, nil
}

// had are the services and networks, by the names that this host has for them, of all releases of a
// stack that the store has.
func (e engine) had(ctx context.Context, name string) (h remains, err error) {
	v, err := release.Load(ctx, e.store, name)
	for _, r := range v.Releases {
		for slot := range r.Slots {
			h.services = append(h.services, slot.Container(name))
		}
		for _, n := range r.Model.Networks {
			h.networks = append(h.networks, network.Name(n.Name))
		}
	}
	return h, err
}

// roll has the hosts have what r asks for, or what they had before: then the error says why, and
// is errUnfinished where not all is undone.
func (e engine) roll(ctx context.Context, r rollout, lost []string) error {
	raw, _, err := e.facts(ctx, "services", "images")
	if err != nil {
		return err
	}
	ask := func(ctx context.Context, step control.StackStep, change func(*control.StackRequest)) (control.StackAnswer, error) {
		q := control.StackRequest{Version: control.Version, Step: step, Name: r.stack, Run: r.run, Who: "previews", Patience: e.timeout + patience, Timeout: e.timeout}
		if change != nil {
			change(&q)
		}
		return e.ask(ctx, q)
	}
	wanted := func(q *control.StackRequest) {
		q.Absent, q.Model, q.Back, q.Lost, q.Hosts = r.model == nil && r.back == 0, r.model, r.back, lost, map[string]rawJSON{e.host: raw}
	}
	begun, err := ask(ctx, control.StackBegin, wanted)
	for round := 0; err == nil && begun.Settle != ""; round++ {
		if round == 3 {
			return fmt.Errorf("%w: what an earlier run has left cannot be settled", errUnfinished)
		}
		r.say("%s", report.OneLine(fmt.Sprint("settling what an earlier run has left: ", begun.Notes)))
		settle := waver{engine: e, rollout: r, ask: ask}
		settle.ready, settle.current = nil, nil
		if err := settle.do(ctx, begun); err != nil {
			return fmt.Errorf("%w: %w", errUnfinished, err)
		}
		if _, err := ask(ctx, begun.Settle, nil); err != nil {
			return fmt.Errorf("%w: %w", errUnfinished, err)
		}
		begun, err = ask(ctx, control.StackBegin, wanted)
	}
	if err != nil {
		return siteError{err}
	}
	if len(begun.Waves) == 0 { // the lock is given back already
		return call(ctx, r.current)
	}
	if err := (waver{engine: e, rollout: r, ask: ask}).do(ctx, begun); err != nil {
		if errors.Is(context.Cause(ctx), errLeave) {
			return err // it is gone on with by the worker that comes next
		}
		return e.undo(context.WithoutCancel(ctx), r, ask, err)
	}
	ctx = context.WithoutCancel(ctx) // it is current, whoever wants something else by now
	if !slices.ContainsFunc(begun.Waves, func(wave control.StackWork) bool { return wave.Commit }) {
		// It was so before, and what should not run was stopped alone.
		if err := call(ctx, r.current); err != nil {
			return err
		}
	}
	_, err = ask(ctx, control.StackDone, nil)
	_, end := ask(ctx, control.StackEnd, nil)
	return errors.Join(err, end)
}

// undo has all be as it was before a run that failed for a reason. It returns that.
func (e engine) undo(ctx context.Context, r rollout, ask asker, why error) error {
	unfinished := func(err error) error { return fmt.Errorf("%w; %w: %w", why, errUnfinished, err) }
	r.say("undoing it: %v", why)
	failed, err := ask(ctx, control.StackFail, func(q *control.StackRequest) { q.Why = why.Error() })
	if err != nil {
		return unfinished(err)
	}
	back := waver{engine: e, rollout: r, ask: ask}
	back.ready, back.current = nil, nil
	if err := back.do(ctx, failed); err != nil {
		ask(ctx, control.StackEnd, nil)
		return unfinished(err)
	}
	if failed.Settle != "" {
		if _, err := ask(ctx, failed.Settle, nil); err != nil {
			return unfinished(err)
		}
	} else {
		why = unfinished(errors.New(report.OneLine(fmt.Sprint(failed.Notes))))
	}
	if _, err := ask(ctx, control.StackEnd, nil); err != nil {
		return unfinished(err)
	}
	return why
}

func call(ctx context.Context, do func(context.Context) error) error {
	if do == nil {
		return nil
	}
	return do(ctx)
}

// modelOf is a stack as the engine takes it.
func modelOf(m stack.Stack, configs, secrets map[string][]byte) *control.StackModel {
	return &control.StackModel{Stack: registry.Encode(m), Configs: configs, Secrets: secrets}
}
