package stacking

import (
	"context"
	"fmt"

	"rundock/internal/control"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
)

// holds is what the store has of the stack while the run q holds its lock, which lives on.
func (s *site) holds(ctx context.Context, q control.StackRequest) (v release.View, err error) {
	if err := tell(s.runDir, q.Name, order{Run: q.Run, Patience: q.Patience}); err != nil {
		return v, err
	}
	if v, err = release.Load(ctx, s.store, q.Name); err != nil {
		return v, err
	}
	if v.Lock == nil || v.Lock.ID != q.Run {
		return v, fmt.Errorf("the run %s of %s does not hold the lock any more", q.Run, q.Name)
	}
	return v, nil
}

// worksOn is the release that a run works on; nil: it has none, and stops what has returned.
func worksOn(v release.View) *release.Release {
	latest := v.Latest()
	if latest != nil && latest.State == release.Undone {
		return v.Base() // of which instances are made again
	}
	return latest
}

// running is the release that the run q works on, under its lock.
func (s *site) running(ctx context.Context, q control.StackRequest) (v release.View, r release.Release, err error) {
	if v, err = s.holds(ctx, q); err != nil {
		return v, r, err
	}
	on := worksOn(v)
	if on == nil {
		return v, r, fmt.Errorf("the store has no release of %s to work on", q.Name)
	}
	return v, *on, nil
}

// wave writes that a wave begins.
func (s *site) wave(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	if q.Wave == 0 { // an undoing counts none
		_, err := s.holds(ctx, q)
		return a, err
	}
	v, r, err := s.running(ctx, q)
	if err != nil {
		return a, err
	}
	if r.State == release.Planned {
		if r, err = r.Enter(release.Rolling, "", s.now()); err != nil {
			return a, err
		}
	}
	r.Begun = max(r.Begun, q.Wave)
	_, err = v.Write(ctx, s.store, r)
	return a, err
}

func (s *site) commit(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	v, r, err := s.running(ctx, q)
	if err == nil {
		_, err = v.Commit(ctx, s.store, r)
	}
	return a, err
}

// done says that what left is stopped. Of a stack that is to go the store keeps nothing.
func (s *site) done(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	v, err := s.holds(ctx, q)
	if err != nil {
		return a, err
	}
	on := worksOn(v)
	if on == nil {
		return a, s.forget(ctx, q.Name, v)
	}
	r := *on
	r.Done = true
	if v, err = v.Write(ctx, s.store, r); err != nil {
		return a, err
	}
	if r.Model.Hash() == nothing(q.Name).Hash() {
		return a, s.forget(ctx, q.Name, v)
	}
	if err := v.Prune(ctx, s.store); err != nil {
		return a, err
	}
	return a, network.Keep(ctx, s.store, q.Name, r.Model)
}

// forget has the store forget a stack that is gone.
func (s *site) forget(ctx context.Context, name string, v release.View) error {
	if err := v.Purge(ctx, s.store); err != nil {
		return err
	}
	return network.Keep(ctx, s.store, name)
}

// fail says that the release failed, and answers how it is undone.
func (s *site) fail(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	v, err := s.holds(ctx, q)
	if err != nil {
		return a, err
	}
	on := worksOn(v)
	if on == nil {
		a.Notes = []string{"not all is stopped that has returned: the next run goes on with that"}
		return a, nil
	}
	r := *on
	if r.State == release.Current {
		a.Notes = []string{fmt.Sprintf("release %d is current, and not all may be as it says: the next run goes on with that", r.Number)}
		return a, nil
	}
	a, _, err = s.rewind(ctx, q, v, q.Why)
	if err == nil && len(a.Waves) == 0 { // as only images had been pulled
		before := "none"
		if r.From != 0 {
			before = fmt.Sprint(r.From)
		}
		a.Notes = []string{"nothing was changed: all is as before, release " + before}
	}
	return a, err
}

// undone says that the release is undone.
func (s *site) undone(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	v, r, err := s.running(ctx, q)
	if err == nil {
		r, err = r.Enter(release.Undone, r.Why, s.now())
	}
	if err == nil {
		v, err = v.Write(ctx, s.store, r)
	}
	if err != nil {
		return a, err
	}
	return a, s.keepInUse(ctx, v)
}

// end gives back the lock.
func (s *site) end(q control.StackRequest) error {
	return tell(s.runDir, q.Name, order{Run: q.Run, End: true})
}

// secrets are what the secrets hold of the release that a run works on, and of the
// one it came from.
func (s *site) secrets(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	v, latest, err := s.running(ctx, q)
	if err != nil {
		return a, err
	}
	k, err := s.lookForKey(ctx, nil)
	if err != nil {
		return a, err
	}
	a.Secrets = map[string][]byte{}
	for _, r := range []*release.Release{&latest, previous(v, latest)} {
		if err := k.opens(r); err != nil || r == nil {
			return a, err
		}
		for _, name := range sortedKeys(r.Secrets) {
			value, err := release.Open(k.data, q.Name, name, r.Secrets[name])
			if err != nil {
				return a, err
			}
			a.Secrets[secretName(r.Number, name)] = value
		}
	}
	return a, nil
}
