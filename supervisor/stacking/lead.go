package stacking

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
)

// site is what a call works with.
type site struct {
	store     registry.Store
	docker    resolver
	host      string // this one's name
	domain    string // of the site's services: s.prod.example.com
	keyPath   string
	buildsDir string
	runDir    string
	program   string // that holds locks
	now       func() time.Time
}

// plan says what a run would do.
func (s *site) plan(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	k, err := s.lookForKey(ctx, q.Hosts)
	if err != nil {
		return a, err
	}
	w, needs, err := s.gather(ctx, q, k)
	if err != nil || needs.any() {
		return needs.answer(), err
	}
	v, err := release.Load(ctx, s.store, q.Name)
	if err != nil {
		return a, err
	}
	if needsKey(q, w, v) {
		if k.from != "" {
			return control.StackAnswer{KeyFrom: k.from}, nil
		}
		if err := k.usable(); err != nil && !q.Absent {
			return a, err
		}
	}
	d, err := s.draft(ctx, q, v, w, k)
	do, why := release.Recover(v, "", d.Inputs, q.Lost)
	if do == release.Refuse { // this comes before what is wrong with the draft
		err = errors.New(why)
	}
	if err == nil {
		_, _, err = d.unsettled(v, do, why)
	}
	if err != nil {
		return a, err
	}
	switch do {
	case release.Finish:
		a, err = d.finish(q, v, why)
	case release.Nothing:
		a, err = d.answer(q)
	default:
		a, err = d.answer(q)
		a.Changed = true
		a.Notes = append([]string{why}, a.Notes...)
	}
	a.Builds = d.unbuilt
	return a, err
}

// begin takes the lock, and writes the release that q asks for; or it says how to
// settle what an earlier run has left, after which it is called again.
func (s *site) begin(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	k, err := s.lookForKey(ctx, q.Hosts)
	if err != nil {
		return a, err
	}
	w, needs, err := s.gather(ctx, q, k)
	if err != nil || needs.any() {
		return needs.answer(), err
	}
	if len(w.secrets) > 0 {
		if k, w, err = s.withKey(ctx, q, k, w); err != nil {
			return a, err
		}
	}
	v, err := s.lock(ctx, q)
	if err != nil {
		return a, err
	}
	a, lasts, err := s.settleOrWrite(ctx, q, v, w, k)
	if !lasts {
		err = errors.Join(err, s.end(q))
	}
	return a, err
}

// withKey makes sure of the key that w's secrets are digested by.
func (s *site) withKey(ctx context.Context, q control.StackRequest, k *key, w wanted) (*key, wanted, error) {
	err := k.usable()
	if err != nil {
		return k, w, err
	}
	settled, err := s.settleKey(ctx, k)
	if err == nil && !bytes.Equal(settled.data, k.data) { // another run's, which was faster
		w, _, err = s.gather(ctx, q, settled)
	}
	return settled, w, err
}

// lock takes the lock, or goes on with the one that the run has already.
func (s *site) lock(ctx context.Context, q control.StackRequest) (v release.View, err error) {
	if v, err = release.Load(ctx, s.store, q.Name); err != nil {
		return v, err
	}
	if v.Lock != nil && v.Lock.ID == q.Run {
		return v, tell(s.runDir, q.Name, order{Run: q.Run, Patience: q.Patience})
	}
	does := "deploy"
	switch {
	case q.Absent:
		does = "remove"
	case q.Back != 0:
		does = fmt.Sprintf("go back to release %d", q.Back)
	}
	l := release.Lock{ID: q.Run, Who: q.Who, Host: s.host, Does: does, Since: s.now().UTC()}
	if err := startHolder(s.program, holding{Lock: l, Stack: q.Name, Patience: q.Patience}); err != nil {
		return v, err
	}
	return release.Load(ctx, s.store, q.Name)
}

// settleOrWrite is begin under the lock. lasts says that the run goes on.
func (s *site) settleOrWrite(ctx context.Context, q control.StackRequest, v release.View, w wanted, k *key) (a control.StackAnswer, lasts bool, err error) {
	d, err := s.draft(ctx, q, v, w, k)
	if err == nil && len(d.unbuilt) > 0 {
		err = fmt.Errorf("%s: not built yet: the files have changed since the run began, or the image registry has lost it: run it again", strings.Join(toBuild(d.unbuilt), "; "))
	}
	if err != nil {
		return a, false, err
	}
	do, why := release.Recover(v, q.Run, d.Inputs, q.Lost)
	if do == release.Refuse {
		return a, false, errors.New(why)
	}
	left, first, err := d.unsettled(v, do, why)
	if err != nil {
		return a, false, err
	}
	latest := v.Latest()
	switch do {
	case release.Rewind:
		a, v, err = s.rewind(ctx, q, v, why)
		if err != nil || len(a.Waves) > 0 {
			return a, err == nil, err
		}
		if d, err = s.draft(ctx, q, v, w, k); err != nil {
			return a, false, err
		}
	case release.Finish:
		if a, err = d.finish(q, v, why); err != nil {
			return a, false, err
		}
		err = s.answerWaves(ctx, q, &a, v.Base(), *latest, left, first)
		return a, err == nil, err
	case release.Settle:
		a = control.StackAnswer{Changed: true, Release: latest.Number, From: latest.From, Notes: []string{why}, Settle: control.StackDone}
		err = s.answerWaves(ctx, q, &a, previous(v, *latest), *latest, left, first)
		return a, err == nil, err
	}
	a, err = d.answer(q)
	if err == nil && d.remains && len(d.returned) == 0 { // of runs that were undone, or of one that was killed here
		return a, false, s.forget(ctx, q.Name, v)
	}
	if err != nil || !a.Changed {
		return a, false, err
	}
	switch {
	case d.isSame() && d.base == nil: // only what has returned is stopped
	case d.isSame():
		err = s.answerWaves(ctx, q, &a, &d.strays.has, d.base.WithoutJobs(), d.strays.waves(*d.base), 0)
	default:
		if d, a, err = s.takeNetworks(ctx, q, v, w, k, d, a); err != nil {
			return a, false, err
		}
		if err = s.write(ctx, q, v, d); err != nil {
			return a, false, errors.Join(err, s.keepInUse(ctx, v))
		}
		err = s.answerWaves(ctx, q, &a, d.base, d.Release, release.Waves(d.base, d.Release), 1)
	}
	if err == nil {
		err = s.stopReturned(ctx, &a, d)
	}
	return a, err == nil, err
}

// unsettled are the waves that an earlier run has left, as Recover has said what to do, of which
// the first has the number first, as releases count; 0: these are not counted. It is an error where
// one of them is for a host that is not in the inventory.
func (d draft) unsettled(v release.View, do release.Recovery, why string) (waves []release.Wave, first int, err error) {
	latest := v.Latest()
	switch do {
	case release.Rewind:
		waves, _ = release.Undo(previous(v, *latest), *latest, latest.Begun)
	case release.Finish:
		first = max(latest.Begun, 1)
		waves = release.Waves(v.Base(), *latest)[first-1:]
	case release.Settle:
		all := release.Waves(previous(v, *latest), *latest)
		first = release.CommitAt(all) + 1
		waves = all[first-1:]
	default:
		return nil, 0, nil
	}
	return waves, first, d.doable(why, waves, latest.Lost)
}

// finish is the answer, without waves, where the latest release is what d asks for and was not
// finished: it goes on as it was planned, and so by the hash that was shown of it then.
func (d draft) finish(q control.StackRequest, v release.View, why string) (control.StackAnswer, error) {
	latest := v.Latest()
	hash := draft{Release: *latest, built: d.built}.planHash()
	return control.StackAnswer{
		Changed: true, Release: latest.Number, From: latest.From, Notes: []string{why}, Plan: hash,
		Lines: append(release.Lines(v.Base(), *latest, nil), "plan="+hash), Before: listing(v.Base()), After: listing(latest),
	}, checkExpected(q, hash)
}

// previous is the release that another one was planned from.
func previous(v release.View, r release.Release) *release.Release {
	if from, there := v.Releases[r.From]; there {
		return &from
	}
	return nil
}

// takeNetworks takes the networks of d, whose answer is a, and drafts it again where another run
// was faster to take one of them. Where that is refused, the stack has what it had.
func (s *site) takeNetworks(ctx context.Context, q control.StackRequest, v release.View, w wanted, k *key, d draft, a control.StackAnswer) (draft, control.StackAnswer, error) {
	taken, err := s.networks(ctx, q, v, d.Model, network.Take)
	if err != nil || maps.Equal(taken, d.Networks) {
		return d, a, err
	}
	if d, err = s.draft(ctx, q, v, w, k); err == nil {
		a, err = d.answer(q)
	}
	if err != nil {
		err = errors.Join(err, s.keepInUse(ctx, v))
	}
	return d, a, err
}

// keepInUse has a stack give up its networks that none of the releases in use has.
func (s *site) keepInUse(ctx context.Context, v release.View) error {
	var models []stack.Stack
	for _, r := range v.InUse() {
		models = append(models, r.Model)
	}
	return network.Keep(ctx, s.store, v.Stack, models...)
}

// write puts what the release needs into the store, then the release itself.
func (s *site) write(ctx context.Context, q control.StackRequest, v release.View, d draft) error {
	for _, hash := range sortedKeys(d.configs) {
		if _, err := release.PutBlob(ctx, s.store, q.Name, d.configs[hash]); err != nil {
			return err
		}
	}
	_, err := v.Write(ctx, s.store, d.Release)
	return err
}

// rewind begins to undo the latest release. Without waves it is undone.
func (s *site) rewind(ctx context.Context, q control.StackRequest, v release.View, why string) (a control.StackAnswer, after release.View, err error) {
	r := *v.Latest()
	if r.State == release.Rolling {
		if r, err = r.Enter(release.Failed, why, s.now()); err == nil {
			v, err = v.Write(ctx, s.store, r)
		}
		if err != nil {
			return a, v, err
		}
	}
	from := previous(v, r)
	waves, remarks := release.Undo(from, r, r.Begun)
	if len(waves) > 0 {
		a = control.StackAnswer{Changed: true, Release: r.Number, From: r.From, Notes: append([]string{why}, remarks...), Settle: control.StackUndone}
		return a, v, s.answerWaves(ctx, q, &a, from, r, waves, 0)
	}
	if r, err = r.Enter(release.Undone, r.Why, s.now()); err == nil {
		v, err = v.Write(ctx, s.store, r)
	}
	if err == nil {
		err = s.keepInUse(ctx, v)
	}
	return a, v, err
}
