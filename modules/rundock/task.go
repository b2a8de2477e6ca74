package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// task is one call for one service, and what it has done so far.
type task struct {
	host       host
	config     hostconfig.Config
	unit       module.Unit // docker-<name>
	p          params
	check      bool
	session    *control.Session // of rundockd, shared by the tasks of a call
	together   *fstree.Together // likewise; nil where there is one task
	wasEnabled bool             // when the call began
	idle       func()           // called when the rest is waiting
	goal       *wanted          // what want has computed
	follows    bool             // it takes ports that others of the call leave before

	diff     []fstree.Diff // of files
	deeds    []deed
	links    bool       // it enables the service, or is to; in check mode nothing else tells
	unlinks  bool       // it disables it
	warning  sync.Mutex // of warnings: loggers are watched meanwhile
	warnings []string
	prepared []string // warnings of prepare, until a runner that was waited for has pulled again
	restart  bool     // changed in any case
	adopts   bool     // somebody else's container makes room
	reread   []string // files that the container is made from, and that hold something else now
}

// task reads the host's configuration. What only takes a service away does
// without one.
func (h host) task(p params, check bool) (*task, error) {
	found, err := module.ReadHost(h.config)
	if err == nil && p.installs() {
		err = found.Missing
	}
	if err != nil {
		return nil, err
	}
	t := &task{host: h, p: p, check: check, session: &control.Session{Program: h.program}, idle: func() {}}
	t.config, t.unit = found.Config, found.Unit(supervisor.Prefix+p.Name)
	return t, nil
}

// lock keeps other calls for the same service waiting until unlock. Check
// mode, which writes nothing, takes no lock.
func (t *task) lock() (unlock func(), err error) {
	if t.check {
		return func() {}, nil
	}
	return module.Lock(control.LockFile(t.host.run, t.p.Name), "service "+t.p.Name, time.Duration(t.p.WaitTimeout)*time.Second)
}

// ctl has rundockd do what needs Docker. Its warnings are the task's.
func (t *task) ctl(q control.Request) error {
	_, err := t.asked(q)
	return err
}

// asked is ctl with the answer.
func (t *task) asked(q control.Request) (control.Response, error) {
	q.Service = t.p.Name
	answer, err := t.session.Do(q)
	if q.Op == control.Prepare {
		t.prepared, t.adopts = answer.Warnings, answer.Adopts
	} else {
		for _, w := range answer.Warnings {
			t.warn("%s", w)
		}
	}
	for _, path := range answer.Unkept {
		t.warn("the image keeps data in %s, where the container has no volume: it is lost whenever the container is made anew, after a change or a crash; give it one, such as %s:%[1]s", path, t.p.Name)
	}
	for _, w := range answer.Ignored {
		t.warn("dockerd: %s", w)
	}
	if err == nil && answer.Error != "" {
		err = &failure{answer.Error}
	}
	return answer, err
}

// want is what the task is to reach. It is computed once.
func (t *task) want() (wanted, error) {
	if t.goal != nil {
		return *t.goal, nil
	}
	var salt []byte
	keyed, err := t.p.keyed()
	if err != nil {
		return wanted{}, err
	}
	if keyed != "" {
		if salt, err = supervisor.Salt(t.host.state, t.check); err != nil {
			return wanted{}, fmt.Errorf("%s: %w", keyed, err)
		}
	}
	w, err := t.spelled().want(t.config, salt)
	if err != nil {
		return wanted{}, err
	}
	t.goal = &w
	return w, nil
}

// spelled is what is asked for with its image spelled as in the files that are
// there, if that is the same reference: the container's hash has it so.
func (t *task) spelled() params {
	p := t.p
	if p.Image == nil {
		return p
	}
	runner, _ := supervisor.Installed(t.unit.Dir)
	old, err := supervisor.ReadService(filepath.Join(runner, "service.json"))
	if err == nil && runner != "" && spec.SameImage(old.Container.Image, *p.Image) {
		p.Image = &old.Container.Image
	}
	return p
}

// needsLog refuses to have a service run whose loggers cannot write, as on a
// disk that has become read-only: what it says would be lost, and once its
// pipe is full it would hang.
func (t *task) needsLog() error {
	const writable = 2 // access(2)
	dir := supervisor.LogDir(t.p.Name)
	err := syscall.Access(dir, writable)
	for errors.Is(err, fs.ErrNotExist) && dir != "/" {
		dir = filepath.Dir(dir) // where the logger is going to make it
		err = syscall.Access(dir, writable)
	}
	if err != nil {
		return fmt.Errorf("the log of %s could not be written: %w", t.p.Name, &fs.PathError{Op: "access", Path: dir, Err: err})
	}
	return nil
}

func (t *task) warn(format string, args ...any) {
	t.warning.Lock()
	defer t.warning.Unlock()
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}

// shown is the diff of changes, in which service.json is without the values of
// environment variables.
func shown(changes fstree.Changes) []fstree.Diff {
	list := changes.Diff()
	for _, c := range changes.List {
		if filepath.Base(c.Path) != "service.json" {
			continue
		}
		data := func(f *fstree.File) []byte {
			if f == nil {
				return nil
			}
			return f.Data
		}
		before, after, ok := supervisor.Shown(data(c.Before), data(c.After))
		name := filepath.Join(changes.Dir, c.Path)
		for i := range list {
			if d := &list[i]; ok && (d.BeforeHeader == name || d.AfterHeader == name) {
				d.Before, d.After = before, after
			}
		}
	}
	return list
}

// contentsDiff tells that files hold something else, and not what: there may
// be secrets in them.
func contentsDiff(files []string) []fstree.Diff {
	var list []fstree.Diff
	for _, f := range files {
		list = append(list, fstree.Diff{BeforeHeader: f, AfterHeader: f, Before: "(what the container was made from)\n", After: "(something else)\n"})
	}
	return list
}

// linked is the diff of the link that enables the service, none where it is as
// it was.
func (t *task) linked(now situation) []fstree.Diff {
	enabled := now.Enabled
	if t.check {
		enabled = (now.Enabled || t.links) && !t.unlinks
	}
	return t.unit.LinkDiff(t.wasEnabled, enabled)
}

// result is what the task did, as it is seen now, and how the service stands. A
// call that has not failed, and does not see what it did, fails; one that was
// told not to wait says that it may yet come.
func (t *task) result(err error) ansible.Result {
	now, lookErr := t.look()
	words, unseen := t.said(now)
	switch {
	case err != nil:
	case lookErr != nil:
		err = lookErr
	case len(unseen) > 0 && t.p.Wait == "none":
		t.warn("%s", unproven(t.p.Name, unseen))
	case len(unseen) > 0:
		err = errors.New(unproven(t.p.Name, unseen))
	}
	r := ansible.Result{
		Changed:  t.restart || len(words) > 0,
		Err:      err,
		Diff:     slices.Concat(t.diff, contentsDiff(t.reread), t.linked(now)),
		Warnings: append(t.warnings, t.prepared...),
		Msg:      t.p.Name + ": " + module.Choose(len(words) > 0, strings.Join(words, ", "), "nothing to do"+t.elsewhere(now)),
		Values:   map[string]any{"actions": append([]string{}, words...)},
	}
	if lookErr == nil {
		r.Values["service"] = t.facts(now)
	}
	return r
}

// facts are what the result tells of the service.
func (t *task) facts(now situation) map[string]any {
	f := map[string]any{
		"name":       t.p.Name,
		"installed":  now.Installed,
		"enabled":    now.Enabled,
		"supervised": now.Outer.Supervised,
		"running":    false,
		"announced":  false,
		"directory":  t.unit.Dir,
		"records":    []control.Record{},
	}
	if now.told() {
		f["running"] = now.Says.Phase == control.Running
		f["phase"] = now.Says.Phase
		f["container"], f["image"], f["spec"] = now.Says.Container, now.Says.Image, now.Says.Spec
		if now.Says.Error != "" {
			f["error"] = now.Says.Error
		}
	}
	if now.toldOfAnnouncement() {
		f["announced"] = now.Announces.State == control.Announced
		if now.Announces.Reason != "" {
			f["reason"] = now.Announces.Reason
		}
		if now.Announces.Records != nil {
			f["records"] = now.Announces.Records
		}
	}
	return f
}
