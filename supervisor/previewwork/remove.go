package previewwork

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/build"
	"rundock/internal/complaint"
	"rundock/internal/control"
	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
	"rundock/supervisor"
	"rundock/supervisor/overlaydir"
)

// remove leaves nothing of a preview: containers, networks, volumes, images, logs, releases, records,
// settings, and last its name. A worker that is killed on the way goes on with it.
func (w *worker) remove(ctx context.Context, wish preview.Wish) error {
	name := wish.Name
	if wish.Want != preview.Removed { // its time is over
		if _, err := w.ledger.Change(ctx, name, func(now preview.Wish) preview.Wish {
			if !w.rules.Expires(now).IsZero() && time.Now().After(w.rules.Expires(now)) {
				now.Want = preview.Removed
			}
			return now
		}); err != nil {
			return err
		}
		w.note(ctx, name, "removed, as its time is over")
		return nil // the wish says so now, and comes back as that
	}
	stackName := preview.StackOf(name)
	begun, err := w.isBegun(ctx, name)
	if err != nil {
		return err
	}
	if !begun { // neither Docker nor a stack's lock is waited for
		return w.forgetAll(ctx, name)
	}
	_, known, err := w.engine.facts(ctx, "services")
	if err != nil {
		return err
	}
	_, lost, err := w.engine.base(ctx, stackName)
	if err != nil {
		return err
	}
	had, err := w.engine.had(ctx, stackName)
	if err != nil {
		return err
	}
	say := func(format string, values ...any) { w.log.Info(fmt.Sprintf(format, values...), "preview", name) }
	if err := w.dissolve(ctx, stackName, lost, say); err != nil {
		return err
	}
	if err := errors.Join(w.clean(ctx, name, known), had.remove(), w.mirrors.Drop(ctx, wish.Repo, wish.Branch)); err != nil {
		return err
	}
	return w.forgetAll(ctx, name)
}

// isBegun reports whether a host may have something of a preview: a builder writes its state before it makes anything, and
// its stack is in the store before anything runs.
func (w *worker) isBegun(ctx context.Context, name string) (bool, error) {
	found, err := w.store.Read(ctx, []string{preview.StateKey(name)})
	if err != nil || found[0].Exists {
		return true, err
	}
	listed, _, err := w.store.List(ctx, release.StackPrefix(preview.StackOf(name)))
	return len(listed) > 0, err
}

// forgetAll removes all that the store has of a preview, its wish last.
func (w *worker) forgetAll(ctx context.Context, name string) error {
	if err := w.forget(ctx, name); err != nil {
		return err
	}
	// The wish is gone before the call has ended, and with it what wants this job.
	_, err := w.ledger.Forget(context.WithoutCancel(ctx), name)
	return err
}

// dissolve has neither this host nor the store have any of a preview's stack. What lost hosts have stays there, and is
// removed by their own builders once they are back. Called again after it was interrupted, it goes on.
func (w *worker) dissolve(ctx context.Context, stackName string, lost []string, say func(format string, values ...any)) error {
	return w.engine.roll(ctx, rollout{stack: stackName, run: w.runID(), say: say}, lost)
}

// clean removes from this host what no release has of a preview; known is what the host had before.
func (w *worker) clean(ctx context.Context, name string, known facts) error {
	stackName := preview.StackOf(name)
	services := known.of(stackName)
	wrong := []error{w.disable(ctx, services, "absent")}
	logs, err := filepath.Glob(supervisor.LogDir(stackName + "-*"))
	wrong = append(wrong, err)
	had := remains{services: orphans(logs, name, known, w.view.now(time.Now()).names())}
	for _, s := range services {
		had.services = append(had.services, s.Name)
		for _, network := range s.Networks {
			if strings.HasPrefix(network, preview.StackOf("")) && !slices.Contains(had.networks, network) {
				had.networks = append(had.networks, network)
				wrong = append(wrong, w.engine.module(ctx, "rundock_overlay", map[string]any{"name": network, "state": "absent"}))
			}
		}
	}
	wrong = append(wrong, had.remove())
	volumes, err := w.docker.Volumes(ctx)
	wrong = append(wrong, err)
	for _, volume := range volumes {
		if strings.HasPrefix(volume, stackName+"_") {
			wrong = append(wrong, w.docker.RemoveVolume(ctx, volume))
		}
	}
	w.ports.keep(stackName, stack.Stack{})
	wrong = append(wrong, w.prune(ctx, name, stack.Stack{}), os.RemoveAll(filepath.Join(w.trees, name)))
	if err := os.Remove(build.LogFile(w.logs, name)); !errors.Is(err, fs.ErrNotExist) {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// remains are services and networks that are gone, of which modules leave logs and locks.
type remains struct{ services, networks []string }

// remove removes what is left of them.
func (r remains) remove() error {
	var paths []string
	for _, name := range r.services {
		paths = append(paths, supervisor.LogDir(name), control.LockFile(control.Dir, name))
	}
	for _, name := range r.networks {
		paths = append(paths, overlaydir.LogDir(name), control.OverlayLock(control.Dir, name))
	}
	var wrong []error
	for _, path := range paths {
		wrong = append(wrong, os.RemoveAll(path))
	}
	return errors.Join(wrong...)
}

// without is r without what a stack has now.
func (r remains) without(m stack.Stack) remains {
	has := map[string]bool{}
	for service, def := range m.Services {
		for number := range max(def.Replicas, 1) {
			has[stack.Slot{Service: service, Number: number + 1}.Container(m.Name)] = true
		}
	}
	for _, n := range m.Networks {
		has[network.Name(n.Name)] = true
	}
	gone := func(name string) bool { return has[name] }
	return remains{slices.DeleteFunc(slices.Clone(r.services), gone), slices.DeleteFunc(slices.Clone(r.networks), gone)}
}

// prune removes the images that were built for a preview, but for those of its stack now.
func (w *worker) prune(ctx context.Context, name string, now stack.Stack) error {
	images, err := w.docker.ImagesLabelled(ctx, previewLabel, name)
	if err != nil {
		return err
	}
	var used []string
	for _, def := range now.Services {
		used = append(used, def.Container.Image)
	}
	var wrong []error
	for _, image := range images {
		for _, ref := range image.Names {
			if !slices.Contains(used, ref) {
				wrong = append(wrong, w.docker.UntagImage(ctx, ref))
			}
		}
	}
	return errors.Join(wrong...)
}

// note tells people what happened by itself. That it cannot be told stops nothing.
func (w *worker) note(ctx context.Context, name, what string) {
	if err := w.ledger.Note(ctx, ledger.Event{Time: time.Now().UTC(), Preview: name, Who: "rundock", What: what}); err != nil {
		w.log.Warn("an event is not noted", "preview", name, "err", err)
	}
}

// houseEvery is how often leftovers are looked for.
const houseEvery = time.Minute

// keepHouse removes from this host, until ctx is done, what it has of previews that another host took
// while it was away, or that are no more, and of mirrors what none of its previews needs; and stops what runs of previews
// that are asleep.
func (w *worker) keepHouse(ctx context.Context) {
	var said complaint.Memory
	for {
		if err := w.tidy(ctx); err != nil && ctx.Err() == nil && said.News(time.Now(), err.Error()) {
			w.log.Error("leftovers stay for now", "err", err)
		}
		every := houseEvery
		if !w.view.now(time.Now()).known { // at its start, say after it was away
			every = lookEvery
		}
		if pause.For(ctx, every) != nil {
			return
		}
	}
}

func (w *worker) tidy(ctx context.Context) error {
	s := w.view.now(time.Now())
	if !s.known || !s.begun {
		return nil // a store that was lost, and is new, tells nothing of what is left here
	}
	_, known, err := w.engine.facts(ctx, "services")
	if err != nil {
		return err
	}
	built, err := w.docker.ImageLabels(ctx, previewLabel)
	wrong := []error{err}
	names := append(built, w.found(known)...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		isLeft := func(s snapshot) bool { return s.begun && s.isLeft(w.host, name) }
		if preview.CheckName(name) != nil || !isLeft(s) {
			continue
		}
		wrong = append(wrong, w.claimed(ctx, name, isLeft, func(ctx context.Context) error {
			_, known, err := w.engine.facts(ctx, "services")
			if err != nil {
				return err
			}
			w.log.Info("removing what this host has of a preview that is elsewhere, or no more", "preview", name)
			return w.clean(ctx, name, known)
		}))
	}
	return errors.Join(append(wrong, w.stopSleepers(ctx, s, known), w.tidyMirrors(ctx))...)
}

// found are the previews that this host has services, logs or files of; a builder that was killed may have left any.
func (w *worker) found(known facts) (names []string) {
	for _, one := range known.Services {
		if name, ok := strings.CutPrefix(one.Stack, preview.StackOf("")); ok {
			names = append(names, name)
		}
	}
	for _, pattern := range []string{build.LogFile(w.logs, "*"), filepath.Join(w.trees, "*")} {
		paths, _ := filepath.Glob(pattern) // the pattern is a good one
		for _, path := range paths {
			names = append(names, strings.TrimSuffix(filepath.Base(path), filepath.Ext(pattern)))
		}
	}
	return names
}

// isLeft reports whether a host has nothing to do with a preview any more.
func (s snapshot) isLeft(host, name string) bool {
	state, there := s.states[name]
	_, wished := s.wishes[name]
	return there && state.Host != host && state.Host != "" || !there && !wished
}

// orphans are services of a preview that are gone, by folders of logs: those of no service that the host had, and that no
// other preview may have, as a's b-web is called as web of a-b.
func orphans(logs []string, name string, known facts, previews []string) (services []string) {
	for _, dir := range logs {
		one := strings.TrimPrefix(dir, supervisor.LogDir(""))
		had := slices.ContainsFunc(known.Services, func(s service) bool { return s.Name == one })
		others := slices.ContainsFunc(previews, func(other string) bool {
			return other != name && strings.HasPrefix(one, preview.StackOf(other)+"-")
		})
		if !had && !others {
			services = append(services, one)
		}
	}
	return services
}

// tidyMirrors has mirrors have the branches of this host's previews alone. One that a build is at is left for the next time.
func (w *worker) tidyMirrors(ctx context.Context) error {
	paths, err := filepath.Glob(filepath.Join(w.mirrors.Path, "*.git"))
	wrong := []error{err}
	for _, path := range paths {
		repo := strings.TrimSuffix(filepath.Base(path), ".git")
		wrong = append(wrong, w.mirrors.Keep(ctx, repo, func() ([]string, error) { return w.branches(repo) }))
	}
	return errors.Join(wrong...)
}

// branches are those of a repository whose previews this host has, or works on.
func (w *worker) branches(repo string) (all []string, err error) {
	s := w.view.now(time.Now())
	if !s.known || !s.begun {
		return nil, errors.New("the store is not followed: nobody knows which branches of mirrors are needed")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, wish := range s.wishes {
		if wish.Repo == repo && (s.states[name].Host == w.host || w.jobs[name] != nil) {
			all = append(all, wish.Branch)
		}
	}
	return all, nil
}
