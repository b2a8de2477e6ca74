package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"

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
	session    *control.Session          // of rundockd, shared by the tasks of a call
	together   *fstree.Together          // likewise; nil where there is one task
	wasEnabled bool                      // when the call began
	idle       func()                    // called when the rest is waiting
	goal       *wanted                   // what want has computed
	beside     map[string]spec.Container // those of the other services of the call, by name
	follows    bool                      // it takes ports that others of the call leave before

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
	_, err := t.ask(q)
	return err
}

// ask is ctl with the answer.
func (t *task) ask(q control.Request) (control.Response, error) {
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
	keyed, err := t.p.saltedParameter()
	if err != nil {
		return wanted{}, err
	}
	if keyed != "" {
		if salt, err = supervisor.Salt(t.host.state, t.check); err != nil {
			return wanted{}, fmt.Errorf("%s: %w", keyed, err)
		}
	}
	w, err := t.spelledAsPresent().want(t.config, salt)
	if err != nil {
		return wanted{}, err
	}
	t.goal = &w
	return w, nil
}

// spelledAsPresent is p with its image spelled as in the files that are there, where
// that is the same reference: the container's hash is of that spelling.
func (t *task) spelledAsPresent() params {
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

// needsLog refuses to run a service whose loggers cannot write, as on a disk that has
// become read-only: its output would be lost, and once the pipe is full it would
// hang.
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

// failure is what rundockd has found out about the service, or about what it
// was asked for; other errors say nothing about it.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }
