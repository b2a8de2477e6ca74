package previewwork

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/registry"
)

// fault is an error of the branch itself: the same commit would fail again.
type fault struct{ error }

func (f fault) Unwrap() error { return f.error }

func faultf(format string, values ...any) error { return fault{fmt.Errorf(format, values...)} }

// do does a job under its claim. again is when it is to be tried again; 0: it is done, or something
// else is wanted.
func (w *worker) do(ctx context.Context, j *job, f preview.Facts) (again time.Duration) {
	name := f.Wish.Name
	ctx, end, err := w.claim(ctx, name, j.job)
	if err != nil {
		if !errors.Is(err, registry.ErrHeld) && ctx.Err() == nil {
			w.log.Warn("a preview waits", "preview", name, "err", err)
		}
		return heldAfter
	}
	defer end()
	// Who had the claim before may have removed the preview: what is known here may be older than that.
	if _, err := w.ledger.Wish(ctx, name); err != nil {
		if !errors.Is(err, ledger.ErrNone) && ctx.Err() == nil {
			w.log.Warn("a preview waits", "preview", name, "err", err)
		}
		return heldAfter
	}
	began := time.Now()
	switch j.deed {
	case preview.Deploy:
		err = w.deploy(ctx, f)
	case preview.Sleep:
		err = w.sleep(ctx, name)
	case preview.Wake:
		err = w.wake(ctx, f.Wish)
	case preview.Remove:
		err = w.remove(ctx, f.Wish)
	}
	w.metrics.did(j.deed, err, time.Since(began))
	log := w.log.With("preview", name, "deed", string(j.deed), "commit", j.job.Commit, "took", time.Since(began).Round(time.Millisecond).String())
	switch {
	case err == nil:
		log.Info("done")
		return 0
	case ctx.Err() != nil:
		log.Info("ended before its end", "why", context.Cause(ctx))
		return 0
	case errors.As(err, new(fault)):
		log.Warn("failed", "err", err)
		return 0
	}
	log.Error("failed: it is tried again", "err", err)
	return retryAfter
}

// claimed does, under a preview's claim, what is no wish's job, where it is to be done by what is known then. A preview that
// this host or another one works on is left for the next time.
func (w *worker) claimed(ctx context.Context, name string, toDo func(snapshot) bool, do func(context.Context) error) error {
	if !w.reserve(name) {
		return nil
	}
	defer w.release(name)
	ctx, end, err := w.claim(ctx, name, preview.Job{})
	switch {
	case errors.Is(err, registry.ErrHeld):
		return nil
	case err != nil:
		return err
	}
	defer end()
	if s := w.view.now(time.Now()); !s.known || !toDo(s) {
		return nil
	}
	return do(ctx)
}

// claim takes a preview's claim for a job, until end is called. held ends with ctx, and once another may have the claim.
func (w *worker) claim(ctx context.Context, name string, job preview.Job) (held context.Context, end func(), err error) {
	claim, err := w.ledger.Take(ctx, name, ledger.Claim{ID: w.id, Host: w.host, Job: job})
	if err != nil {
		return ctx, nil, err
	}
	held, cancel := context.WithCancelCause(ctx)
	go w.mind(held, claim, cancel)
	return held, func() { cancel(nil); claim.Release() }, nil
}

// reserve has this host begin no job for a preview until release; false: it works on it already. The claim keeps out
// other hosts alone.
func (w *worker) reserve(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.jobs[name] != nil {
		return false
	}
	w.jobs[name] = &job{cancel: func(error) {}}
	return true
}

func (w *worker) release(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.jobs, name)
	w.view.tell()
}

// mind ends a job whose claim another may have.
func (w *worker) mind(ctx context.Context, claim *registry.Lock, cancel context.CancelCauseFunc) {
	lost := time.Time{}
	for pause.For(ctx, time.Second) == nil {
		switch s := claim.Now(); {
		case s.Held:
			lost = time.Time{}
		case s.HeldBy != "":
			cancel(errClaim)
		case lost.IsZero():
			lost = time.Now()
		case time.Since(lost) > claimGrace:
			cancel(errClaim)
		}
	}
}

// claimGrace is how long a claim may be without the store: no other can take it meanwhile, as it
// lasts as long in the store.
const claimGrace = 15 * time.Second
