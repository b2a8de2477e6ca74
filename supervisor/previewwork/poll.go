package previewwork

import (
	"context"
	"errors"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/mirror"
	"rundock/internal/registry"
)

// pollEvery is how often a repository is asked that does not say.
const pollEvery = time.Minute

// poll asks repositories for pushes that no hook told of, and for branches that are gone, until ctx is
// done; of several workers one does it.
func (w *worker) poll(ctx context.Context) {
	asked := map[string]time.Time{}
	var said complaint.Memory
	for ctx.Err() == nil {
		lock, err := w.ledger.TakePolling(ctx, ledger.Claim{ID: w.id, Host: w.host})
		if err != nil {
			if !errors.Is(err, registry.ErrHeld) && ctx.Err() == nil && said.News(time.Now(), err.Error()) {
				w.log.Warn("repositories are not asked", "err", err)
			}
			pause.For(ctx, heldAfter)
			continue
		}
		for lock.Now().Held && ctx.Err() == nil {
			w.pollOnce(ctx, asked, &said)
			pause.For(ctx, time.Second)
		}
		lock.Release()
	}
}

// pollOnce asks the repositories whose time has come.
func (w *worker) pollOnce(ctx context.Context, asked map[string]time.Time, said *complaint.Memory) {
	now := time.Now()
	s := w.view.now(now)
	if !s.known {
		return
	}
	for name, repo := range s.repos {
		var of []preview.Wish
		unknown := false
		for _, wish := range s.wishes {
			if wish.Repo == name && wish.Want != preview.Removed {
				of = append(of, wish)
				unknown = unknown || wish.Commit == ""
			}
		}
		if len(of) == 0 || !due(repo, unknown, now.Sub(asked[name])) {
			continue
		}
		asked[name] = now
		heads, err := w.mirrors.Heads(ctx, mirror.SourceOf(repo))
		if err != nil {
			w.metrics.polls.WithLabelValues("failed").Inc()
			if ctx.Err() == nil && said.News(now, err.Error()) {
				w.log.Warn("a repository cannot be asked for pushes", "repository", name, "err", err)
			}
			continue
		}
		w.metrics.polls.WithLabelValues("well").Inc()
		for _, wish := range of {
			if err := w.pushed(ctx, wish, heads[wish.Branch]); err != nil && ctx.Err() == nil {
				w.log.Warn("a push is not noted", "preview", wish.Name, "err", err)
			}
		}
	}
}

// due reports whether a repository is to be asked, that was last asked so long ago: soon, where there is a
// wish whose commit nobody knows.
func due(r preview.Repo, unknown bool, ago time.Duration) bool {
	every := pollEvery
	if r.Poll > 0 {
		every = time.Duration(r.Poll) * time.Second
	}
	return unknown && ago >= 2*time.Second || r.Poll >= 0 && ago >= every
}

// pushed notes that a preview's branch is at commit; "": it is gone.
func (w *worker) pushed(ctx context.Context, wish preview.Wish, commit string) error {
	if commit == wish.Commit && commit != "" {
		return nil
	}
	_, err := w.ledger.Change(ctx, wish.Name, func(now preview.Wish) preview.Wish {
		switch {
		case now.Branch != wish.Branch || now.Repo != wish.Repo || now.Commit != wish.Commit:
			return now // a hook was faster, and knows better
		case commit == "":
			now.Want = preview.Removed
			return now
		}
		return now.Pushed(commit, "git", time.Now().UTC())
	})
	switch {
	case errors.Is(err, ledger.ErrNone):
		return nil
	case err == nil && commit == "":
		w.note(ctx, wish.Name, "removed, as the repository has no branch "+wish.Branch)
	case err == nil:
		w.note(ctx, wish.Name, "branch "+wish.Branch+" is at "+commit)
	}
	return err
}
