package previewwork

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rundock/internal/complaint"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
)

// view is what the store has of previews, folded from one watch. A value that cannot be read is as
// it was before.
type view struct {
	log     *slog.Logger
	changed chan struct{} // holds one
	follows prometheus.Gauge

	mu     sync.Mutex
	listed bool // the store was read once
	up     bool // it is followed now
	tables
	gone map[string]time.Time // when a host's worker was first seen to be away
	said complaint.Memory
}

// tables are what keys hold.
type tables struct {
	begun   bool // there was a preview once: the store is not a new one
	wishes  map[string]preview.Wish
	states  map[string]preview.State
	repos   map[string]preview.Repo
	sets    map[string]settings.Set // by the Scope's text
	wakes   map[string]bool
	used    map[string]map[string]use // by preview and host
	workers map[string]preview.Worker // by host
}

// use is when a preview was used last.
type use struct {
	said time.Time // by the clock of the router's host
	at   time.Time // by that of this one, where it was told of while this worker looked; else as it was said
}

func newTables() tables {
	return tables{
		wishes: map[string]preview.Wish{}, states: map[string]preview.State{}, repos: map[string]preview.Repo{}, sets: map[string]settings.Set{}, wakes: map[string]bool{},
		used: map[string]map[string]use{}, workers: map[string]preview.Worker{},
	}
}

func newView(log *slog.Logger, follows prometheus.Gauge) *view {
	return &view{log: log, follows: follows, changed: make(chan struct{}, 1), gone: map[string]time.Time{}, tables: newTables()}
}

// apply folds in a batch of the watch of preview.Prefix.
func (v *view) apply(b registry.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.tables
	if b.Complete {
		v.tables = newTables()
	}
	for _, c := range b.Changes {
		if err := v.fold(c, before, b.Complete); err != nil && v.said.News(time.Now(), c.Key+err.Error()) {
			v.log.Error("it stays as it was", "key", c.Key, "err", err)
		}
	}
	v.listed, v.up = true, true
	v.tell()
}

// tell has the worker look at the view.
func (v *view) tell() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

// fold takes one change, of a complete batch or another.
func (v *view) fold(c registry.Change, before tables, complete bool) error {
	name := c.Key[strings.LastIndexByte(c.Key, '/')+1:]
	switch {
	case c.Key == ledger.NamesKey:
		v.begun = c.Value != nil
	case strings.HasPrefix(c.Key, ledger.WishPrefix):
		return v.foldWish(c, before)
	case strings.HasPrefix(c.Key, preview.StatePrefix):
		return foldInto(v.states, before.states, name, c.Value, preview.ParseState)
	case strings.HasPrefix(c.Key, ledger.RepoPrefix):
		return foldInto(v.repos, before.repos, name, c.Value, parse[preview.Repo])
	case strings.HasPrefix(c.Key, preview.WorkerPrefix):
		return foldInto(v.workers, before.workers, name, c.Value, preview.ParseWorker)
	case strings.HasPrefix(c.Key, settings.Prefix):
		return foldInto(v.sets, before.sets, strings.TrimPrefix(c.Key, settings.Prefix), c.Value, settings.Parse)
	case strings.HasPrefix(c.Key, preview.WakePrefix):
		if delete(v.wakes, name); c.Value != nil {
			v.wakes[name] = true
		}
	case strings.HasPrefix(c.Key, preview.UsedPrefix):
		return v.foldUse(c, before, complete)
	}
	return nil
}

// foldWish takes a wish that is of the name of its key, which a preview can have: it becomes a path of folders that this
// worker makes and removes, and whoever writes wishes is not root.
func (v *view) foldWish(c registry.Change, before tables) error {
	name := strings.TrimPrefix(c.Key, ledger.WishPrefix)
	return foldInto(v.wishes, before.wishes, name, c.Value, func(value []byte) (w preview.Wish, err error) {
		if w, err = parse[preview.Wish](value); err != nil {
			return w, err
		}
		if err := preview.CheckName(name); err != nil {
			return w, err
		}
		if w.Name != name {
			err = fmt.Errorf("the wish for preview %s is of %q", name, w.Name)
		}
		return w, err
	})
}

// foldUse takes when a router's host says that a preview was used. Its clock may be an hour off: what is later than what
// it said before has happened by now.
func (v *view) foldUse(c registry.Change, before tables, complete bool) error {
	name, host, ok := preview.UsedOf(c.Key)
	if !ok {
		return nil
	}
	was, had := before.used[name][host]
	if v.used[name] == nil {
		v.used[name] = map[string]use{}
	}
	if c.Value == nil {
		delete(v.used[name], host)
		return nil
	}
	said, err := parse[preview.Used](c.Value)
	if err != nil {
		return err
	}
	switch {
	case had && said.At.Equal(was.said):
		v.used[name][host] = was
	case had && said.At.After(was.said), !had && !complete:
		v.used[name][host] = use{said.At, time.Now()}
	default:
		v.used[name][host] = use{said.At, said.At}
	}
	return nil
}

// foldInto has a map have a key's new value; one that cannot be read leaves the one before.
func foldInto[T any](now, before map[string]T, name string, value []byte, read func([]byte) (T, error)) error {
	if value == nil {
		delete(now, name)
		return nil
	}
	one, err := read(value)
	if err == nil {
		now[name] = one
	} else if was, there := before[name]; there {
		now[name] = was
	}
	return err
}

// parse reads a value; fields that this release does not know are left out.
func parse[T any](value []byte) (one T, err error) {
	err = json.Unmarshal(value, &one)
	return one, err
}

// health is told how the connection to the store stands.
func (v *view) health(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.up = err == nil
	v.follows.Set(0)
	if err != nil {
		v.log.Warn("the store cannot be reached: nothing new is begun", "err", err)
		return
	}
	v.follows.Set(1)
	v.log.Info("following the store")
	v.tell()
}

// snapshot is what a worker knows at one time.
type snapshot struct {
	known   bool // the store was read, and is followed
	begun   bool // it is one that has, or had, previews
	wishes  map[string]preview.Wish
	states  map[string]preview.State
	repos   map[string]preview.Repo
	workers map[string]preview.Worker
	gone    map[string]time.Time // since when the worker of a host that has previews is away
	facts   map[string]preview.Facts
}

// now is a snapshot. Hosts of states whose worker is away are noted from when that was first seen.
func (v *view) now(at time.Time) snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := snapshot{
		known: v.listed && v.up, begun: v.begun, wishes: maps.Clone(v.wishes), states: maps.Clone(v.states), repos: maps.Clone(v.repos), workers: maps.Clone(v.workers),
		facts: map[string]preview.Facts{},
	}
	away := map[string]time.Time{}
	for _, state := range v.states {
		if _, there := v.workers[state.Host]; there || state.Host == "" {
			continue
		}
		if since, known := v.gone[state.Host]; known {
			away[state.Host] = since
		} else {
			away[state.Host] = at
		}
	}
	if s.known {
		v.gone = away
	}
	s.gone = maps.Clone(v.gone)
	for name, w := range v.wishes {
		s.facts[name] = v.factsOf(w, at)
	}
	return s
}

// factsOf are those of a preview.
func (v *view) factsOf(w preview.Wish, at time.Time) preview.Facts {
	state := v.states[w.Name]
	f := preview.Facts{Wish: w, Settings: v.settingsOf(w).Revision(), Done: state.Done, Step: state.Step, Since: state.Since}
	for _, used := range v.used[w.Name] {
		if used.at.After(f.Used) {
			f.Used = used.at
		}
	}
	if v.wakes[w.Name] && state.Step == preview.Asleep { // whatever the clock of the router says; one that comes late has been served
		f.Used, f.Open = at, true
	}
	return f
}

// settingsOf are the settings that count for a preview.
func (v *view) settingsOf(w preview.Wish) settings.All {
	return settings.All{
		Repo: w.Repo, Preview: w.Name,
		Global: v.sets[settings.Global.String()], OfRepo: v.sets[settings.OfRepo(w.Repo).String()], OfPreview: v.sets[settings.OfPreview(w.Name).String()],
	}
}

// settings are settingsOf, for a job.
func (v *view) settings(w preview.Wish) settings.All {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.settingsOf(w)
}

// settingsNamed are those that count for the preview name; ok: there is one.
func (v *view) settingsNamed(name string) (all settings.All, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w, ok := v.wishes[name]
	return v.settingsOf(w), ok
}

// routesOf are a preview's, as the store has them.
func (v *view) routesOf(name string) map[string][]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.states[name].Routes
}
