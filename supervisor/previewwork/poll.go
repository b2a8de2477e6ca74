package previewwork

import (
	"context"
	"errors"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/mirror"
	"rundock/internal/registry"
)

const (
	// pollEvery is how often a repository is asked that does not say.
	pollEvery = time.Minute
	// pollPatience is how long one may take to answer.
	pollPatience = 20 * time.Second
	// pollAtOnce is how many are asked at the same time.
	pollAtOnce = 8
)

// polls is the asking of repositories, each by itself: one that does not answer holds up no other.
type polls struct {
	*worker
	mirrors mirror.Folder // with the patience of a poll
	places  chan struct{} // holds one for each repository that is being asked
	all     sync.WaitGroup

	mu    sync.Mutex
	asked map[string]time.Time
	busy  map[string]bool // what is being asked, or waits for a place
	said  complaint.Memory
}

func (w *worker) newPolls(patience time.Duration) *polls {
	p := &polls{worker: w, mirrors: w.mirrors, places: make(chan struct{}, pollAtOnce), asked: map[string]time.Time{}, busy: map[string]bool{}}
	p.mirrors.Patience = patience
	return p
}

// poll asks repositories for pushes that no hook told of, and for branches that are gone, until ctx is
// done; of several workers one does it.
func (w *worker) poll(ctx context.Context) {
	p := w.newPolls(pollPatience)
	for ctx.Err() == nil {
		lock, err := w.ledger.TakePolling(ctx, ledger.Claim{ID: w.id, Host: w.host})
		if err != nil {
			if !errors.Is(err, registry.ErrHeld) {
				p.warn(ctx, "repositories are not asked", err)
			}
			pause.For(ctx, heldAfter)
			continue
		}
		for lock.Now().Held && ctx.Err() == nil {
			p.begin(ctx)
			pause.For(ctx, time.Second)
		}
		p.all.Wait()
		lock.Release()
	}
}

// warn logs what was not said lately.
func (p *polls) warn(ctx context.Context, what string, err error, more ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil && p.said.News(time.Now(), err.Error()) {
		p.log.Warn(what, append(more, "err", err)...)
	}
}

// begin begins to ask the repositories whose time has come.
func (p *polls) begin(ctx context.Context) {
	now := time.Now()
	s := p.view.now(now)
	if !s.known {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, repo := range s.repos {
		var of []preview.Wish
		unknown := false
		for _, wish := range s.wishes {
			if wish.Repo == name && wish.Want != preview.Removed {
				of = append(of, wish)
				unknown = unknown || wish.Commit == ""
			}
		}
		if len(of) == 0 || p.busy[name] || !due(repo, unknown, now.Sub(p.asked[name])) {
			continue
		}
		p.asked[name], p.busy[name] = now, true
		p.all.Go(func() {
			select {
			case p.places <- struct{}{}:
				p.ask(ctx, repo, of)
				<-p.places
			case <-ctx.Done():
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.busy, name)
		})
	}
}

// ask asks a repository for the branches of previews.
func (p *polls) ask(ctx context.Context, repo preview.Repo, of []preview.Wish) {
	heads, err := p.mirrors.Heads(ctx, mirror.SourceOf(repo))
	if err != nil {
		p.metrics.polls.WithLabelValues("failed").Inc()
		p.warn(ctx, "a repository cannot be asked for pushes", err, "repository", repo.Name)
		return
	}
	p.metrics.polls.WithLabelValues("well").Inc()
	for _, wish := range of {
		if err := p.pushed(ctx, wish, heads[wish.Branch]); err != nil && ctx.Err() == nil {
			p.log.Warn("a push is not noted", "preview", wish.Name, "err", err)
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
