// Package ledger is how wishes, repositories and events of previews are read from the
// store and written to it. Several write at once, pages, hooks and builders on any
// host: each write is made only if nobody was faster, and otherwise begun again from
// what there is then.
//
//	/rundock/v1/preview/names      which previews there are: NAME of a repository's branch
//	/rundock/v1/preview/wish/NAME  preview.Wish
//	/rundock/v1/preview/repo/NAME  preview.Repo
//	/rundock/v1/preview/job/NAME   Claim: who works on a preview, under a lease
//	/rundock/v1/preview/polling    Claim: who asks repositories for pushes, under a lease
//	/rundock/v1/preview/event/TIME-NAME  Event
//
// names changes with the first and last write of a wish, in one transaction: so no two branches
// get one name, no branch gets two, and there are never more previews than there may be.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/registry"
)

// Keys of the store.
const (
	NamesKey    = preview.Prefix + "names"
	WishPrefix  = preview.Prefix + "wish/"
	RepoPrefix  = preview.Prefix + "repo/"
	JobPrefix   = preview.Prefix + "job/"
	EventPrefix = preview.Prefix + "event/"
	pollingKey  = preview.Prefix + "polling"
)

// Ledger reads and writes what a site's store has of previews.
type Ledger struct {
	Store registry.Store
	Rules preview.Rules
}

// ErrNone is a preview that there is not.
var ErrNone = errors.New("there is no such preview")

// ErrTaken is a name that another branch's preview has.
var ErrTaken = errors.New("it is taken")

// names are the previews that there are.
type names map[string]branch

type branch struct {
	Repo   string `json:"repo"`
	Branch string `json:"branch"`
}

// of is the name that a branch's preview has; "": it has none.
func (n names) of(b branch) string {
	for name, other := range n {
		if other == b {
			return name
		}
	}
	return ""
}

// choose is a name for a branch's preview: the one that is wanted, or else the best that is free.
func (n names) choose(b branch, wanted string) (string, error) {
	candidates := preview.Names(b.Repo, b.Branch)
	if wanted != "" {
		if err := preview.CheckName(wanted); err != nil {
			return "", err
		}
		candidates = []string{wanted}
	}
	for _, name := range candidates {
		if _, taken := n[name]; !taken {
			return name, nil
		}
	}
	other := n[candidates[len(candidates)-1]]
	return "", fmt.Errorf("name %s: %w, by branch %s of %s", candidates[len(candidates)-1], ErrTaken, other.Branch, other.Repo)
}

// triesAtMost is how often a write is begun that others are faster with.
const triesAtMost = 50

// Insist has try write until nobody was faster: true is that it has written. what begins errors.
func Insist(ctx context.Context, what string, try func() (bool, error)) error {
	for range triesAtMost {
		done, err := try()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return fmt.Errorf("%s: others change it all the time", what)
}

// Ask changes what is wanted of a branch's preview, and returns the wish as it is then. Where there
// is no preview yet, it gets the name wanted, or one by its branch where that is "", and change is given one that
// runs; at the limit that is preview.ErrMost. change may be called several times.
func (l Ledger) Ask(ctx context.Context, repo, of, wanted string, change func(preview.Wish) preview.Wish) (w preview.Wish, err error) {
	if err := preview.CheckBranch(of); err != nil {
		return w, err
	}
	b := branch{repo, of}
	err = Insist(ctx, "wish for branch "+of+" of "+repo, func() (bool, error) {
		all, raw, err := l.names(ctx)
		if err != nil {
			return false, err
		}
		if name := all.of(b); name != "" {
			var done bool
			w, done, err = l.change(ctx, name, change)
			return done, err
		}
		if err := l.Rules.Admit(len(all)); err != nil {
			return false, err
		}
		name, err := all.choose(b, wanted)
		if err != nil {
			return false, err
		}
		w = change(preview.Wish{Name: name, Repo: repo, Branch: of, Want: preview.Running})
		after := maps.Clone(all)
		after[name] = b
		return l.Store.Transact(ctx, []registry.Swap{
			{Key: NamesKey, Old: raw, New: registry.Encode(after)}, {Key: WishPrefix + name, New: registry.Encode(w)},
		})
	})
	return w, err
}

// Change changes the wish of the preview called name, which is there: else the error is ErrNone.
func (l Ledger) Change(ctx context.Context, name string, change func(preview.Wish) preview.Wish) (w preview.Wish, err error) {
	err = Insist(ctx, "wish for preview "+name, func() (done bool, err error) {
		w, done, err = l.change(ctx, name, change)
		return done, err
	})
	return w, err
}

func (l Ledger) change(ctx context.Context, name string, change func(preview.Wish) preview.Wish) (preview.Wish, bool, error) {
	before, raw, err := l.wish(ctx, name)
	if err != nil {
		return before, false, err
	}
	after := change(before)
	after.Name, after.Repo, after.Branch = before.Name, before.Repo, before.Branch
	if after == before {
		return after, true, nil
	}
	done, err := l.Store.Swap(ctx, registry.Swap{Key: WishPrefix + name, Old: raw, New: registry.Encode(after)})
	return after, done, err
}

func (l Ledger) wish(ctx context.Context, name string) (w preview.Wish, raw []byte, err error) {
	raw, err = l.read(ctx, WishPrefix+name, &w)
	if err == nil && raw == nil {
		err = ErrNone
	}
	return w, raw, err
}

// Forget removes the wish and the name of a preview of which nothing is left. It is for who has
// removed it; where it is wanted again meanwhile, forgotten is false and it stays.
func (l Ledger) Forget(ctx context.Context, name string) (forgotten bool, err error) {
	err = Insist(ctx, "forget preview "+name, func() (bool, error) {
		w, raw, err := l.wish(ctx, name)
		if errors.Is(err, ErrNone) {
			forgotten = true
			return true, nil
		}
		if err != nil || w.Want != preview.Removed {
			return true, err
		}
		all, rawNames, err := l.names(ctx)
		if err != nil {
			return false, err
		}
		after := maps.Clone(all)
		delete(after, name)
		forgotten, err = l.Store.Transact(ctx, []registry.Swap{
			{Key: NamesKey, Old: rawNames, New: registry.Encode(after)}, {Key: WishPrefix + name, Old: raw},
		})
		return forgotten, err
	})
	return forgotten, err
}

// Wish is that of the preview called name, which is there: else the error is ErrNone.
func (l Ledger) Wish(ctx context.Context, name string) (preview.Wish, error) {
	w, _, err := l.wish(ctx, name)
	if err != nil {
		err = fmt.Errorf("wish for preview %s: %w", name, err)
	}
	return w, err
}

// Wishes are all there are, by name.
func (l Ledger) Wishes(ctx context.Context) (map[string]preview.Wish, error) {
	return list[preview.Wish](ctx, l.Store, WishPrefix)
}

// Repos are all repositories, by name.
func (l Ledger) Repos(ctx context.Context) (map[string]preview.Repo, error) {
	return list[preview.Repo](ctx, l.Store, RepoPrefix)
}

// PutRepo writes a repository in the place of one of its name.
func (l Ledger) PutRepo(ctx context.Context, r preview.Repo) error {
	if err := r.Check(); err != nil {
		return err
	}
	return Insist(ctx, "repository "+r.Name, func() (bool, error) {
		var before preview.Repo
		raw, err := l.read(ctx, RepoPrefix+r.Name, &before)
		if err != nil {
			return false, err
		}
		return l.Store.Swap(ctx, registry.Swap{Key: RepoPrefix + r.Name, Old: raw, New: registry.Encode(r)})
	})
}

func (l Ledger) names(ctx context.Context) (all names, raw []byte, err error) {
	all = names{}
	raw, err = l.read(ctx, NamesKey, &all)
	return all, raw, err
}

// read reads a key; raw is nil where there is none.
func (l Ledger) read(ctx context.Context, key string, into any) (raw []byte, err error) {
	found, err := l.Store.Read(ctx, []string{key})
	if err != nil || !found[0].Exists {
		return nil, err
	}
	if err := json.Unmarshal(found[0].Value, into); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return found[0].Value, nil
}

func list[T any](ctx context.Context, store registry.Store, prefix string) (map[string]T, error) {
	found, _, err := store.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	all := map[string]T{}
	for _, one := range found {
		var value T
		if err := json.Unmarshal(one.Value, &value); err != nil {
			return nil, fmt.Errorf("%s: %w", one.Key, err)
		}
		all[one.Key[len(prefix):]] = value
	}
	return all, nil
}

// Event is that somebody changed something of previews, or that it changed by itself.
type Event struct {
	Time    time.Time `json:"time"`
	Preview string    `json:"preview,omitempty"`
	Who     string    `json:"who"`            // a token's name, a hook, or "rundock"
	From    string    `json:"from,omitempty"` // address that asked
	What    string    `json:"what"`           // in words; no values of settings
}

// eventsAtMost is how many events are kept, the newest.
const eventsAtMost = 1000

// Note adds an event, and removes those that are too many.
func (l Ledger) Note(ctx context.Context, e Event) error {
	at := e.Time
	err := Insist(ctx, "note an event", func() (bool, error) {
		key := fmt.Sprintf("%s%019d-%s", EventPrefix, at.UnixNano(), e.Preview)
		at = at.Add(time.Nanosecond) // another one has the key
		return l.Store.Swap(ctx, registry.Swap{Key: key, New: registry.Encode(e)})
	})
	if err != nil {
		return err
	}
	found, _, err := l.Store.List(ctx, EventPrefix)
	if err != nil || len(found) <= eventsAtMost {
		return err
	}
	for _, one := range found[:len(found)-eventsAtMost] {
		// Whoever else removes it is welcome.
		if _, err := l.Store.Swap(ctx, registry.Swap{Key: one.Key, Old: one.Value}); err != nil {
			return err
		}
	}
	return nil
}

// Events are those that are kept, the newest first.
func (l Ledger) Events(ctx context.Context) (all []Event, err error) {
	found, _, err := l.Store.List(ctx, EventPrefix)
	if err != nil {
		return nil, err
	}
	for _, one := range slices.Backward(found) {
		var e Event
		if err := json.Unmarshal(one.Value, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", one.Key, err)
		}
		all = append(all, e)
	}
	return all, nil
}

// Claim is who works on a preview, as it is in the store.
type Claim struct {
	ID   string      `json:"id"` // of the builder
	Host string      `json:"host"`
	Job  preview.Job `json:"job"`
}

// claimFor is how long a builder that was killed keeps what it worked on.
const claimFor = 15 * time.Second

// Take takes a preview for one builder, until the lock is released or its lease is lost;
// while another has it the error is registry.ErrHeld.
func (l Ledger) Take(ctx context.Context, name string, c Claim) (*registry.Lock, error) {
	return l.take(ctx, "take preview "+name, JobPrefix+name, c)
}

// TakePolling is Take for asking all repositories for pushes, which one builder does.
func (l Ledger) TakePolling(ctx context.Context, c Claim) (*registry.Lock, error) {
	return l.take(ctx, "take the repositories", pollingKey, c)
}

func (l Ledger) take(ctx context.Context, what, key string, c Claim) (*registry.Lock, error) {
	lock, err := registry.Acquire(ctx, l.Store, claimFor, registry.Item{Key: key, Value: registry.Encode(c), ID: c.ID})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return lock, nil
}
