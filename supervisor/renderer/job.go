package renderer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/render"
	"rundock/supervisor"
)

// job keeps the file of one template.
type job struct {
	host   *host
	t      supervisor.Template
	quiet  supervisor.Quiet
	wake   chan struct{} // the state has changed
	news   complaint.Memory
	failed int    // attempts in a row that are to be repeated
	source string // control.Sum of the template, when it was read last

	mu     sync.Mutex // of status, which the watch tells of the store
	status control.TemplateStatus
}

func (h *host) job(t supervisor.Template) (*job, error) {
	quiet, err := t.Quiet()
	if err != nil {
		return nil, err
	}
	before, err := control.ReadTemplate(h.statusDir, t.Name)
	if err != nil {
		h.log.Warn("what was in the last good file is not known", "template", t.Name, "err", err)
	}
	j := &job{host: h, t: t, quiet: quiet, wake: make(chan struct{}, 1)}
	j.status = control.TemplateStatus{Name: t.Name, PID: os.Getpid(), Dest: t.Dest, State: control.TemplateKept, Reason: "the store has not answered yet", Waits: true, Since: time.Now(), Definition: h.read[t.Name]}
	if before.Dest == t.Dest {
		j.status.Services, j.status.Keys, j.status.Changed, j.status.ReloadOwed = before.Services, before.Keys, before.Changed, before.ReloadOwed
		j.status.File = before.File
	}
	j.say(func(*control.TemplateStatus) {})
	return j, nil
}

// run renders at each change until ctx is done.
func (j *job) run(ctx context.Context) {
	var again <-chan time.Time
	last := time.Time{} // a change was taken up
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.wake:
			if !j.quiet.AtOnce || time.Since(last) < j.quiet.Max {
				j.calm(ctx)
			}
		case <-again:
		}
		last, again = time.Now(), nil
		if wait := j.attempt(ctx); wait > 0 {
			again = time.After(wait)
		}
	}
}

// poke has the job look at what has changed.
func (j *job) poke() {
	select {
	case j.wake <- struct{}{}:
	default: // it will look at this, too
	}
}

// calm waits until changes are quiet.
func (j *job) calm(ctx context.Context) {
	end := time.After(j.quiet.Max)
	for {
		select {
		case <-j.wake:
		case <-time.After(j.quiet.Min):
			return
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

// attempt makes the file what it should be, or keeps it and says why. It
// returns after how long that is to be tried again though nothing changes; 0:
// not at all.
func (j *job) attempt(ctx context.Context) (again time.Duration) {
	made, missing, err := j.render()
	if err != nil {
		j.keep(err, false)
		return 0
	}
	if why := keep(j.t.Floor, j.status.Services, made.Services, missing > 0); why != "" {
		j.keep(errors.New(why), missing > 0)
		return max(missing, 0)
	}
	if err := j.place(ctx, made); err != nil {
		if ctx.Err() != nil {
			return 0
		}
		j.keep(err, false)
		j.failed++
		return min(time.Second<<min(j.failed-1, 6), time.Minute)
	}
	j.failed = 0
	j.say(func(s *control.TemplateStatus) {
		s.State, s.Reason, s.Waits, s.Source = control.TemplateCurrent, "", false, j.source
	})
	return 0
}

// render makes the file's content. missing is how long the store may take yet
// to be complete again.
func (j *job) render() (made render.Result, missing time.Duration, err error) {
	text, name, err := source(j.t)
	if err != nil {
		return made, 0, err
	}
	j.source = control.Sum([]byte(text))
	parsed, err := render.Parse(name, text)
	if err != nil {
		return made, 0, err
	}
	j.host.mu.RLock()
	defer j.host.mu.RUnlock()
	made, err = parsed.Render(j.host.state)
	return made, time.Until(j.host.refilling), err
}

// place replaces the file where it differs, and reloads where that is owed.
func (j *job) place(ctx context.Context, made render.Result) error {
	unlock, err := locked(j.host.statusDir, j.t.Name)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := wanted(j.t, made.Data)
	if err != nil {
		return err
	}
	present, err := f.present()
	if err != nil {
		return err
	}
	if !present {
		if err := j.replace(ctx, f); err != nil {
			return err
		}
		j.host.log.Info("the file was replaced", "template", j.t.Name, "dest", f.path)
	}
	j.say(func(s *control.TemplateStatus) {
		if s.Services, s.Keys, s.File = made.Services, made.Keys, control.FileState(f.path); !present {
			s.Changed, s.Writes = time.Now(), s.Writes+1
		}
	})
	if !j.status.ReloadOwed {
		return nil
	}
	if err := reload(ctx, j.t, j.host.runit); err != nil {
		return err
	}
	j.say(func(s *control.TemplateStatus) { s.ReloadOwed, s.Reloads = false, s.Reloads+1 })
	return nil
}

// replace stages, checks and renames. That a reload is owed is written before:
// one that is killed in between reloads at its next start.
func (j *job) replace(ctx context.Context, f file) error {
	return fstree.Judged(f.path, f.write, func(staged string) error {
		if err := f.checked(ctx, j.t.Check, staged); err != nil {
			return err
		}
		if j.t.Backup {
			if err := f.backUp(); err != nil {
				return fmt.Errorf("keep the file before: %w", err)
			}
		}
		if j.t.Reload != "" || j.t.Signal != nil {
			j.say(func(s *control.TemplateStatus) { s.ReloadOwed = true })
		}
		return nil
	})
}

// keep says why the file stays as it is, and whether that goes by itself.
func (j *job) keep(why error, waits bool) {
	if j.news.News(time.Now(), why.Error()) {
		j.host.log.Warn("the file stays as it is", "template", j.t.Name, "dest", j.t.Dest, "err", why)
	}
	j.say(func(s *control.TemplateStatus) {
		s.State, s.Reason, s.Waits, s.Source = control.TemplateKept, why.Error(), waits, j.source
	})
}

// say changes the status and writes it. That it cannot be written stops nothing.
func (j *job) say(change func(*control.TemplateStatus)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	before := j.status.State
	if change(&j.status); j.status.State != before {
		j.status.Since = time.Now()
	}
	if err := control.WriteTemplate(j.host.statusDir, j.status); err != nil {
		j.host.log.Warn("the status is not written", "template", j.t.Name, "err", err)
	}
}
