package renderer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/render"
	"rundock/supervisor"
)

// host is what the templates of a host share.
type host struct {
	statusDir string
	runit     hostconfig.Runit
	log       *slog.Logger
	read      map[string]string // control.Sum of each template's definition, as it was before it was read

	mu        sync.RWMutex // of what follows
	state     *render.State
	loaded    bool      // a complete batch has come
	refilling time.Time // until then the store may lack those that are well
}

func newHost(statusDir string, cfg hostconfig.Config, log *slog.Logger) *host {
	return &host{statusDir: statusDir, runit: cfg.Runit, log: log, state: render.NewState(cfg.Zone())}
}

// run keeps the files of all templates until ctx is done.
func (h *host) run(ctx context.Context, store registry.Store, templates []supervisor.Template) error {
	var jobs []*job
	var running sync.WaitGroup
	defer running.Wait()
	for _, t := range templates {
		j, err := h.job(t)
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	for _, j := range jobs {
		if j.t.Src != "" {
			seen := control.FileSum(j.t.Src)
			running.Go(func() { j.followSource(ctx, seen) })
		}
		running.Go(func() { j.run(ctx) })
	}
	return store.Watch(ctx, render.Prefix, func(b registry.Batch) {
		h.apply(b)
		for _, j := range jobs {
			j.poke()
		}
	}, func(err error) {
		h.health(err)
		why := ""
		if err != nil {
			why = err.Error()
		}
		for _, j := range jobs {
			j.say(func(s *control.TemplateStatus) { s.Store = why })
		}
	})
}

func (h *host) apply(b registry.Batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b.Complete && h.loaded {
		h.refilling = time.Now().Add(refillTime)
	}
	h.state.Apply(b)
	h.loaded = h.loaded || b.Complete
}

// knows says whether the store has answered once.
func (h *host) knows() bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.loaded
}

func (h *host) health(err error) {
	if err != nil {
		h.log.Warn("the store cannot be reached: files stay as they are", "err", err)
		return
	}
	h.log.Info("following the store")
}
