package previewroute

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/registry"
)

const (
	// askedFor is how long a wish is not written again.
	askedFor = 30 * time.Second

	wakeRetry = time.Second // between two tries to write one
)

// waker asks for previews that are asleep to be started.
type waker struct {
	ctx   context.Context
	store registry.Store
	host  string
	log   *slog.Logger
	work  sync.WaitGroup

	mu    sync.Mutex
	asked map[string]time.Time // when, by preview
}

func newWaker(ctx context.Context, store registry.Store, host string, log *slog.Logger) *waker {
	return &waker{ctx: ctx, store: store, host: host, log: log, asked: map[string]time.Time{}}
}

// ask has the wish for the preview name written, once for as many as ask within
// askedFor. It does not wait for that.
func (w *waker) ask(name string) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.asked[name]) < askedFor || w.ctx.Err() != nil {
		return
	}
	w.asked[name] = now
	w.work.Go(func() { w.write(name, preview.WakeUp{At: now.UTC(), By: w.host}) })
}

// write writes the wish, unless there is one, within askedFor.
func (w *waker) write(name string, wish preview.WakeUp) {
	ctx, cancel := context.WithTimeout(w.ctx, askedFor)
	defer cancel()
	for {
		written, err := w.store.Swap(ctx, registry.Swap{Key: preview.WakeKey(name), New: wish.JSON()})
		switch {
		case err == nil && written:
			w.log.Info("a request came for a preview that is asleep: asked to start it", "preview", name)
			return
		case err == nil || pause.For(ctx, wakeRetry) != nil:
			return
		}
	}
}

// forget has the next request for a preview that is no longer asleep, as asleep says,
// and then is again, ask anew.
func (w *waker) forget(asleep func(name string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name := range w.asked {
		if !asleep(name) {
			delete(w.asked, name)
		}
	}
}
