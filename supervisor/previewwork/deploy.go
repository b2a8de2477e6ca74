package previewwork

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/build"
	"rundock/internal/preview"
	"rundock/internal/preview/manifest"
	"rundock/internal/preview/mirror"
	"rundock/internal/preview/settings"
	"rundock/internal/stack"
	"rundock/supervisor/report"
)

// deployment is a commit on its way.
type deployment struct {
	*worker
	facts preview.Facts
	name  string
	stack string
	repo  preview.Repo
	log   *build.Log
	notes []string
	root  *os.Root // the branch's files
}

// deploy makes the job of a wish. Where that fails, what ran before goes on.
func (w *worker) deploy(ctx context.Context, f preview.Facts) error {
	name := f.Wish.Name
	before, err := w.state(ctx, name, false, func(s *preview.State) {
		w.takes(s)
		if s.Step != preview.Asleep { // that one says so until it is awake
			s.Step, s.Commit, s.Reason = preview.Queued, f.Wish.Commit, ""
		}
	})
	if err != nil {
		return err
	}
	if err := take(ctx, w.working); err != nil {
		return err
	}
	defer func() { <-w.working }()
	if before.Step == preview.Asleep {
		// It serves while the newer one is made, and what that does not change is to run.
		if err := w.wake(ctx, f.Wish); err != nil && ctx.Err() != nil {
			return err
		}
	}
	if err := os.MkdirAll(w.logs, 0o750); err != nil {
		return err
	}
	log, err := build.CreateLog(build.LogFile(w.logs, name), logAtMost)
	if err != nil {
		return err
	}
	d := &deployment{worker: w, facts: f, name: name, stack: preview.StackOf(name), log: log}
	log.Addf("commit %s of branch %s", f.Wish.Commit, f.Wish.Branch)
	err = d.make(ctx)
	if err != nil && ctx.Err() == nil {
		log.Addf("failed: %v", err)
	}
	err = errors.Join(err, log.Close())
	if err != nil && ctx.Err() == nil {
		d.failed(context.WithoutCancel(ctx), err)
	}
	return err
}

// takes has a preview be this host's. Of what another one had there is nothing here.
func (w *worker) takes(s *preview.State) {
	if s.Host != w.host && s.Host != "" {
		s.Routes, s.Done = nil, nil
		if s.Step == preview.Asleep {
			s.Step = preview.Queued
		}
	}
	s.Host = w.host
}

// logAtMost is how long a log may be, in bytes.
const logAtMost = 1 << 20

// take takes a place, or the end of ctx.
func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// failed writes why a deployment failed. Where that is the branch's fault, the job counts as made.
func (d *deployment) failed(ctx context.Context, err error) {
	_, wrong := d.state(ctx, d.name, false, func(s *preview.State) {
		s.Step, s.Commit, s.Reason = preview.Failed, d.facts.Wish.Commit, d.reason(err)
		if errors.As(err, new(fault)) {
			job := d.facts.Job()
			s.Done, s.Notes = &job, d.notes
		}
	})
	if wrong != nil {
		d.worker.log.Error("nobody is told that a preview has failed", "preview", d.name, "err", wrong)
	}
}

// reasonAtMost is how long a reason may be, in bytes: the log says all.
const reasonAtMost = 600

// reason is an error with the step of the build that it is of, in one line.
func (d *deployment) reason(err error) string {
	text := report.OneLine(err.Error())
	lines, _ := build.ReadLog(build.LogFile(d.logs, d.name), 0)
	if n := build.LastStep(lines); n >= 0 && strings.Contains(text, "build ") {
		text = fmt.Sprintf("%s: %s (line %d of the log)", lines[n].Text, text, lines[n].Number)
	}
	if len(text) > reasonAtMost {
		text = strings.ToValidUTF8(text[:reasonAtMost], "") + "..."
	}
	return text
}

// make fetches, builds and rolls out.
func (d *deployment) make(ctx context.Context) error {
	s := d.view.now(time.Now())
	repo, there := s.repos[d.facts.Wish.Repo]
	if !there {
		return fmt.Errorf("repository %s is not known any more", d.facts.Wish.Repo)
	}
	d.repo = repo
	if err := d.fetch(ctx); err != nil {
		return err
	}
	dir := filepath.Join(d.trees, d.name)
	defer os.RemoveAll(dir)
	if err := os.MkdirAll(d.trees, 0o700); err != nil {
		return err
	}
	submodules, err := d.mirrors.Export(ctx, repo.Name, d.facts.Wish.Commit, dir)
	if err != nil {
		return err
	}
	for _, path := range submodules {
		d.note("%s is a submodule, and is left empty", path)
	}
	if d.root, err = os.OpenRoot(dir); err != nil {
		return err
	}
	defer d.root.Close()
	key, err := settings.ReadKey(d.key)
	if err != nil {
		return err
	}
	made, err := manifest.Make(ctx, manifest.Input{Name: d.name, Tree: d.root.FS(), Files: repo.Compose, URL: d.urlOf(d.name), Key: key})
	if err != nil {
		return fault{err}
	}
	if why := unreachable(made.Stack, made.Routes); why != "" {
		return faultf("%s", why)
	}
	why, err := closed(made.Stack, d.builder.Registries)
	if err != nil {
		return err
	}
	if why != "" {
		return faultf("%s", why)
	}
	for _, n := range made.Notes {
		d.note("%s", n)
	}
	if made.Stack, err = d.build(ctx, made.Stack); err != nil {
		return err
	}
	env, err := d.view.settings(d.facts.Wish).Open(key)
	if err != nil {
		return err
	}
	return d.roll(ctx, made, env)
}

func (d *deployment) note(format string, values ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, values...))
	d.log.Addf("note: "+format, values...)
}

// fetch has the mirror have the commit. A branch that has moved on meanwhile is another job.
func (d *deployment) fetch(ctx context.Context) error {
	commit, err := d.mirrors.Fetch(ctx, d.repo.Name, mirror.SourceOf(d.repo), d.facts.Wish.Branch)
	if err != nil || commit == d.facts.Wish.Commit {
		return err
	}
	if _, err := d.mirrors.Tree(ctx, d.repo.Name, d.facts.Wish.Commit, "."); err == nil {
		return nil // it is here yet
	}
	_, err = d.ledger.Change(ctx, d.name, func(w preview.Wish) preview.Wish {
		if w.Commit != d.facts.Wish.Commit {
			return w
		}
		return w.Pushed(commit, "git", time.Now())
	})
	if err == nil {
		err = fmt.Errorf("%w: the branch is at %s", errOvertaken, commit)
	}
	return err
}

// build makes the images of a stack that have a build.
func (d *deployment) build(ctx context.Context, m stack.Stack) (stack.Stack, error) {
	m.Services = maps.Clone(m.Services)
	for _, name := range slices.Sorted(maps.Keys(m.Services)) {
		def := m.Services[name]
		if def.Build == nil {
			continue
		}
		if err := d.one(ctx, name, &def); err != nil {
			return m, err
		}
		m.Services[name] = def
	}
	return m, nil
}

// previewLabel is a label of images: the preview that they were built for.
const previewLabel = "rundock.preview"

// one builds the image of a service, when no other build of this host is at work.
func (d *deployment) one(ctx context.Context, name string, def *stack.Service) error {
	if err := take(ctx, d.building); err != nil {
		return err
	}
	defer func() { <-d.building }()
	if !d.cleaned {
		if err := d.builder.Clean(ctx); err != nil {
			return err
		}
		d.cleaned = true
	}
	if _, err := d.state(ctx, d.name, false, func(s *preview.State) { s.Step, s.Commit, s.Reason = preview.Building, d.facts.Wish.Commit, "" }); err != nil {
		return err
	}
	tree, err := d.mirrors.Tree(ctx, d.repo.Name, d.facts.Wish.Commit, filepath.Clean(def.Build.Context))
	if err != nil {
		return fault{fmt.Errorf("service %s: build: %w", name, err)}
	}
	d.log.Addf("service %s:", name)
	made, err := d.builder.Build(ctx, build.Request{
		Branch: d.root, Tree: tree, Build: *def.Build, Name: d.stack + "/" + strings.ToLower(name), Labels: map[string]string{previewLabel: d.name}, Log: d.log,
	})
	if err != nil {
		return d.buildError(ctx, name, err)
	}
	def.Build, def.Container.Image, def.Pull = nil, made.Image, "never"
	return nil
}

// buildError tells what a Dockerfile is to blame for from a daemon that is away.
func (d *deployment) buildError(ctx context.Context, name string, err error) error {
	err = fmt.Errorf("service %s: %w", name, err)
	if ctx.Err() != nil || d.docker.Ping(ctx) != nil || errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fault{err}
}
