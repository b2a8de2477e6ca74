package previewwork

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"rundock/internal/build"
	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/mirror"
	"rundock/internal/registry"
)

// worker makes previews on one host.
type worker struct {
	options
	host   string
	id     string // of its claims: that of the one that was there before it
	log    *slog.Logger
	store  registry.Store
	ledger ledger.Ledger
	records
	view    *view
	docker  *container.Client
	builder build.Builder
	mirrors mirror.Folder
	engine  engine
	ports   *ports
	choice  choice
	metrics *metrics

	building chan struct{} // holds one while images are built
	working  chan struct{} // holds one for each job that is at work
	cleaned  bool          // what builds of a process before this one have left; under building

	mu      sync.Mutex
	jobs    map[string]*job
	retries map[string]retry
	wanted  map[string]time.Time // since when something is to be done for a preview
	said    complaint.Memory
}

// job is what is being done for a preview.
type job struct {
	deed   preview.Deed
	job    preview.Job
	cancel context.CancelCauseFunc
}

// retry is when a job that failed for no fault of its branch is tried again. What else is to be done for the preview does
// not wait for that.
type retry struct {
	deed  preview.Deed
	at    time.Time
	times int
}

// Why a job ends before its end.
var (
	errLeave     = errors.New("the worker is told to leave")
	errOvertaken = errors.New("something else is wanted by now")
	errClaim     = errors.New("the claim is lost: the store was not reached for too long")
)

// atOnce is how many jobs are at work at the same time.
const atOnce = 4

// lookEvery is how often all is looked at though nothing has changed: time passes.
const lookEvery = 2 * time.Second

// run works until ctx is done; then jobs end where they are, to be gone on with.
func (w *worker) run(ctx context.Context) {
	working, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var all, jobs sync.WaitGroup
	all.Go(func() { w.store.Watch(working, preview.Prefix, w.view.apply, w.view.health) })
	all.Go(func() { w.announce(working) })
	all.Go(func() { w.poll(working) })
	all.Go(func() { w.keepHouse(working) })
	all.Go(func() { w.giveLogs(working) })
	timer := time.NewTicker(lookEvery)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-w.view.changed:
		}
		if ctx.Err() == nil {
			w.look(working, &jobs)
		}
	}
	cancel(errLeave)
	jobs.Wait()
	all.Wait()
}

// announce says in the store that this worker is there.
func (w *worker) announce(ctx context.Context) {
	lease, err := w.store.NewLease(announceFor)
	if err != nil {
		w.log.Error("others do not know of this worker", "err", err)
		return
	}
	var held sync.WaitGroup
	held.Go(func() { lease.Run(ctx) })
	value := preview.Worker{ID: w.id, Host: w.host, Most: w.choice.most, Logs: w.logsAt}.JSON()
	lease.Hold(ctx, []registry.Item{{Key: preview.WorkerKey(w.host), Value: value, ID: w.id}}, func(s registry.HoldState) {
		w.metrics.announced.Set(0)
		if s.Held {
			w.metrics.announced.Set(1)
		}
	})
	held.Wait()
}

// announceFor is for how long a worker that was killed is still thought to be there.
const announceFor = 15 * time.Second

// look begins and ends jobs as the store says.
func (w *worker) look(ctx context.Context, jobs *sync.WaitGroup) {
	now := time.Now()
	s := w.view.now(now)
	if !s.known {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, j := range w.jobs {
		f, there := w.facts(s, name, now)
		if !there || overtaken(j.deed, j.job, w.rules.Next(f, now), f) {
			j.cancel(errOvertaken)
		}
	}
	for _, t := range w.due(s, now) {
		w.begin(ctx, jobs, t.facts.Wish.Name, t.deed, t.facts)
	}
	w.metrics.look(s, w.host, len(w.jobs))
}

// task is a job that is to be begun.
type task struct {
	deed  preview.Deed
	facts preview.Facts
}

// due are the jobs that this host begins now, those of the wishes first that are oldest; w.mu is locked.
func (w *worker) due(s snapshot, now time.Time) (all []task) {
	for name := range w.wanted {
		if _, there := s.wishes[name]; !there {
			delete(w.wanted, name)
			delete(w.retries, name)
		}
	}
	has := s.previews()
	for name, j := range w.jobs {
		w.choice.taken(s, has, name, j.deed)
	}
	for _, name := range s.names() {
		f, _ := w.facts(s, name, now)
		deed := w.rules.Next(f, now)
		if deed == preview.Rest {
			delete(w.wanted, name)
			continue
		}
		if w.wanted[name].IsZero() {
			w.wanted[name] = now
		}
		r := w.retries[name]
		waits := r.deed == deed && r.at.After(now)
		if w.jobs[name] == nil && !waits && w.choice.mine(s, has, name, deed, w.wanted[name], now) {
			w.choice.taken(s, has, name, deed)
			all = append(all, task{deed, f})
		}
	}
	return all
}

// facts are what is known of a preview, by this worker.
func (w *worker) facts(s snapshot, name string, now time.Time) (f preview.Facts, there bool) {
	f, there = s.facts[name]
	f.Lost = w.choice.lost(s, name, now)
	return f, there
}

// begin begins a job; w.mu is locked.
func (w *worker) begin(ctx context.Context, jobs *sync.WaitGroup, name string, deed preview.Deed, f preview.Facts) {
	ctx, cancel := context.WithCancelCause(ctx)
	j := &job{deed: deed, job: f.Job(), cancel: cancel}
	w.jobs[name] = j
	jobs.Go(func() {
		defer cancel(nil)
		again := w.do(ctx, j, f)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.jobs, name)
		r := w.retries[name]
		if r.deed != deed {
			r = retry{}
		}
		switch again {
		case 0:
			delete(w.retries, name)
		case heldAfter:
			w.retries[name] = retry{deed: deed, at: time.Now().Add(again)}
		default:
			w.retries[name] = retry{deed, time.Now().Add(min(again<<r.times, retryAtMost)), min(r.times+1, 8)}
		}
		w.view.tell()
	})
}

const (
	retryAfter  = 10 * time.Second // what failed for no fault of its branch
	heldAfter   = 3 * time.Second  // another host has the claim
	retryAtMost = 5 * time.Minute
)
