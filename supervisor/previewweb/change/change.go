// Package change makes the changes to previews that people, programs and hooks ask for:
// wishes, settings and repositories in the store. Each is checked first, and noted as an event: who,
// what, whence. It builds and deploys nothing.
package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/mirror"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/supervisor/previewweb/known"
)

// What errors of a Changer are, by errors.Is; preview.ErrMost is another one. All others are the store's, which
// then may or may not have been written.
var (
	ErrBad        = errors.New("bad request")
	ErrNone       = errors.New("there is none")
	ErrTaken      = ledger.ErrTaken
	ErrRepository = errors.New("the repository does not answer")
)

// Who asks for a change.
type Who struct {
	Name string // of a token or user, or a hook
	From string // the address that asked
}

// Changer makes changes. Its methods may be called at once.
type Changer struct {
	Ledger   ledger.Ledger
	Book     *known.Book
	Public   settings.Public // the zero value: settings cannot be written
	Branches *Branches
	Files    string // folder that files of repositories are below, such as credentials
	Log      *slog.Logger
}

// failure is an error of a kind, without the kind's own words.
type failure struct {
	kind error
	text string
}

func (f failure) Error() string        { return f.text }
func (f failure) Is(target error) bool { return target == f.kind }

// Bad is an error of what was asked, which is ErrBad.
func Bad(format string, values ...any) error { return fail(ErrBad, format, values...) }

func fail(kind error, format string, values ...any) error {
	return failure{kind, fmt.Sprintf(format, values...)}
}

// note adds an event. The change was made, whether or not that can be noted.
func (c *Changer) note(ctx context.Context, who Who, name, format string, values ...any) {
	what := fmt.Sprintf(format, values...)
	c.Log.Info(what, "preview", name, "who", who.Name, "from", who.From)
	err := c.Ledger.Note(ctx, ledger.Event{Time: time.Now().UTC(), Preview: name, Who: who.Name, From: who.From, What: what})
	if err != nil {
		c.Log.Error("the event of a change is not noted", "preview", name, "what", what, "err", err)
	}
}

// shownWithin is how long a change waits until what is known has it, so that who asks next sees what it did.
const shownWithin = 2 * time.Second

// shown waits until what is known is as so says, or the store does not tell of it.
func (c *Changer) shown(ctx context.Context, so func() bool) {
	ctx, cancel := context.WithTimeout(ctx, shownWithin)
	defer cancel()
	for {
		changed := c.Book.Changed()
		if so() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Create has the newest commit of a branch run, in its preview where it has one. name is what a new one is to be called; "": as
// its branch. created: it is new.
func (c *Changer) Create(ctx context.Context, who Who, repo, branch, name string) (w preview.Wish, created bool, err error) {
	if err := preview.CheckBranch(branch); err != nil {
		return w, false, Bad("%v", err)
	}
	if name != "" {
		if err := preview.CheckName(name); err != nil {
			return w, false, Bad("%v", err)
		}
	}
	commit, err := c.Branches.Head(ctx, repo, branch)
	if err != nil {
		return w, false, err
	}
	now := time.Now().UTC()
	w, err = c.Ledger.Ask(ctx, repo, branch, name, func(w preview.Wish) preview.Wish {
		if created = w.Asked.IsZero(); created {
			w.Commit, w.Asked, w.Who = commit, now, who.Name
			return w
		}
		w = w.Again(who.Name, now)
		w.Commit = commit
		return w
	})
	if err != nil {
		return w, false, err
	}
	verb := "deploy"
	if created {
		verb = "create"
	}
	c.note(ctx, who, w.Name, "%s %s of %s at %.12s", verb, branch, repo, commit)
	c.shown(ctx, func() bool { return c.Book.Has(w) })
	return w, created, nil
}

// change changes the wish of a preview, and notes what.
func (c *Changer) change(ctx context.Context, who Who, name, what string, change func(preview.Wish) preview.Wish) (preview.Wish, error) {
	if preview.CheckName(name) != nil {
		return preview.Wish{}, fail(ErrNone, "preview %q: there is no such preview", name)
	}
	w, err := c.Ledger.Change(ctx, name, change)
	if errors.Is(err, ledger.ErrNone) {
		return w, fail(ErrNone, "preview %s: there is no such preview", name)
	}
	if err == nil {
		c.note(ctx, who, name, "%s", what)
		c.shown(ctx, func() bool { return c.Book.Has(w) })
	}
	return w, err
}

// Deploy deploys a preview again, at the newest commit of its branch.
func (c *Changer) Deploy(ctx context.Context, who Who, name string) (preview.Wish, error) {
	commit := ""
	if p, ok := c.Book.Preview(name); ok {
		head, err := c.Branches.Head(ctx, p.Repo, p.Branch)
		switch {
		case errors.Is(err, ErrNone):
			return preview.Wish{}, err
		case err != nil: // builders look as well
			c.Log.Warn("deploying the commit that is known", "preview", name, "err", err)
		}
		commit = head
	}
	now := time.Now().UTC()
	return c.change(ctx, who, name, "deploy", func(w preview.Wish) preview.Wish {
		w = w.Again(who.Name, now)
		w.Commit = cmp.Or(commit, w.Commit)
		return w
	})
}

// Stop stops a preview, which is kept.
func (c *Changer) Stop(ctx context.Context, who Who, name string) (preview.Wish, error) {
	return c.change(ctx, who, name, "stop", want(preview.Stopped))
}

// Start starts one that is stopped or asleep, without deploying it.
func (c *Changer) Start(ctx context.Context, who Who, name string) (preview.Wish, error) {
	w, err := c.change(ctx, who, name, "start", want(preview.Running))
	if err != nil || c.Book.Of(w).State != string(preview.Asleep) {
		return w, err
	}
	// As a router does where a request comes: that it is to run does not wake one that sleeps.
	wake := preview.WakeUp{At: time.Now().UTC(), By: who.Name}
	_, err = c.Ledger.Store.Swap(ctx, registry.Swap{Key: preview.WakeKey(name), New: wake.JSON()})
	return w, err
}

// Remove has nothing left of a preview.
func (c *Changer) Remove(ctx context.Context, who Who, name string) (preview.Wish, error) {
	return c.change(ctx, who, name, "remove", want(preview.Removed))
}

func want(what preview.Want) func(preview.Wish) preview.Wish {
	return func(w preview.Wish) preview.Wish {
		if w.Want != preview.Removed {
			w.Want = what
		}
		return w
	}
}

// Pin has a preview neither sleep nor be removed by itself, or both again.
func (c *Changer) Pin(ctx context.Context, who Who, name string, pinned bool) (preview.Wish, error) {
	what := "pin"
	if !pinned {
		what = "unpin"
	}
	return c.change(ctx, who, name, what, func(w preview.Wish) preview.Wish { w.Pinned = pinned; return w })
}

// Pushed is told of a push to a branch, or that it was deleted, and asks the repository which: what it was told is
// not believed, so that an old message does nothing. done says what came of it, in words.
func (c *Changer) Pushed(ctx context.Context, who Who, repo, branch string) (done string, err error) {
	if err := preview.CheckBranch(branch); err != nil {
		return "", Bad("%v", err)
	}
	var name string
	for _, p := range c.Book.Previews() {
		if p.Repo == repo && p.Branch == branch {
			name = p.Name
		}
	}
	if name == "" {
		return "branch " + branch + " has no preview", nil
	}
	commit, err := c.Branches.Head(ctx, repo, branch)
	if errors.Is(err, ErrNone) {
		_, err := c.Remove(ctx, who, name)
		return "preview " + name + " is removed, as its branch is", err
	}
	if err != nil {
		return "", err
	}
	changed := false
	now := time.Now().UTC()
	_, err = c.Ledger.Change(ctx, name, func(w preview.Wish) preview.Wish {
		after := w.Pushed(commit, who.Name, now)
		changed = after != w
		return after
	})
	if err != nil || !changed {
		return "preview " + name + " is at " + commit + " already", err
	}
	c.note(ctx, who, name, "push of %.12s", commit)
	return "preview " + name + " is to be at " + commit, nil
}

// PutRepo writes a repository in the place of one of its name. Its files are to be below c.Files, so that
// nobody has other files of the hosts read who may only write repositories.
func (c *Changer) PutRepo(ctx context.Context, who Who, r preview.Repo) error {
	if err := r.Check(); err != nil {
		return Bad("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	for _, file := range []string{r.Credentials, r.Key, r.KnownHosts, r.CA} {
		if file != "" && !strings.HasPrefix(path.Clean(file), c.Files+"/") {
			return Bad("repository %s: file %s: it is to be in %s", r.Name, file, c.Files)
		}
	}
	if err := c.Ledger.PutRepo(ctx, r); err != nil {
		return err
	}
	c.Branches.forget(r.Name)
	c.note(ctx, who, "", "write repository %s, %s", r.Name, r.URL)
	c.shown(ctx, func() bool {
		known, ok := c.Book.Repo(r.Name)
		return ok && mirror.SourceOf(known) == mirror.SourceOf(r)
	})
	return nil
}
