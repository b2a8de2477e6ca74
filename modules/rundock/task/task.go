// Package task is one call for one service: it brings the service to the state that the
// call asks for (enabled, disabled, absent and so on), rolls it back where that is wanted
// and it does not come up, and tells what was seen to be done.
//
// What is asked for comes from package params, how things are from package look, and
// what is to be done from package plan. Package supervision acts on processes; what needs
// Docker or the store is asked of rundockd.
package task

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/internal/spec"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/params"
	"rundock/modules/rundock/plan"
	"rundock/modules/rundock/supervision"
	"rundock/supervisor"
)

// Task is one call for one service, and what it has done so far.
type Task struct {
	module.Call // but for its Actions: deeds are what is told
	Params      params.Params
	Beside

	host       Host
	config     hostconfig.Config
	service    supervision.Service
	session    *control.Session // of rundockd
	wasEnabled bool             // when the call began
	goal       *plan.Wanted     // what Want has computed

	deeds    []plan.Deed
	links    bool     // it enables the service, or is to; in check mode nothing else tells
	unlinks  bool     // it disables it
	prepared []string // warnings of prepare, until a runner that was waited for has pulled again
	restart  bool     // changed in any case
	pulling  int      // seconds that prepare has pulled
	adopts   bool     // somebody else's container makes room
	reread   []string // files that the container is made from, and that hold something else now
}

// Beside is what a task has to do with the other tasks of its call. Its zero is that of a
// single task.
type Beside struct {
	Containers map[string]spec.Container // of the services of the call, by name
	Together   *fstree.Together          // has the tasks' files written together
	Enabling   *runit.Together           // has runsvdir find what the tasks enable at once
	Follows    bool                      // it takes ports that others leave before
	Idle       func()                    // called when the rest is waiting
}

// New is the task for p, whose rundockd answers in session. It reads the host's
// configuration; what only takes a service away does without one.
func New(h Host, p params.Params, check bool, session *control.Session) (*Task, error) {
	found, err := module.ReadHost(h.Config)
	if err == nil && p.Installs() {
		err = found.Missing
	}
	if err != nil {
		return nil, err
	}
	t := &Task{Call: module.Call{Check: check}, host: h, Params: p, session: session, config: found.Config}
	t.service = supervision.Service{
		Place:           look.Place{Name: p.Name, Unit: found.Unit(supervisor.Prefix + p.Name), Run: h.Run},
		Slack:           h.Slack,
		Waits:           p.Wait != "none",
		Warn:            t.Warn,
		RemoveContainer: func() error { return t.ctl(control.Request{Op: control.Stop}) },
	}
	return t, nil
}

// lock keeps other calls for the same service waiting until unlock.
func (t *Task) lock() (unlock func(), err error) {
	return t.Lock(control.LockFile(t.host.Run, t.Params.Name), "service "+t.Params.Name, time.Duration(t.Params.WaitTimeout)*time.Second)
}

// ctl has rundockd do what needs Docker. Its warnings are the task's.
func (t *Task) ctl(q control.Request) error {
	_, err := t.ask(q)
	return err
}

// ask is ctl with the answer.
func (t *Task) ask(q control.Request) (control.Response, error) {
	q.Service = t.Params.Name
	answer, err := t.session.Do(q)
	if q.Op == control.Prepare {
		t.prepared, t.adopts, t.pulling = answer.Warnings, answer.Adopts, answer.Pulling
	} else {
		for _, w := range answer.Warnings {
			t.Warn("%s", w)
		}
	}
	for _, path := range answer.Unkept {
		t.Warn("the image keeps data in %s, where the container has no volume: it is lost whenever the container is made anew, after a change or a crash; give it one, such as %s:%[1]s", path, t.Params.Name)
	}
	for _, w := range answer.Ignored {
		t.Warn("dockerd: %s", w)
	}
	if err == nil && answer.Error != "" {
		err = &failure{answer.Error}
	}
	return answer, err
}

// needsLog refuses to run a service whose loggers cannot write, as on a disk that has
// become read-only: its output would be lost, and once the pipe is full it would
// hang.
func (t *Task) needsLog() error {
	const writable = 2 // access(2)
	dir := supervisor.LogDir(t.Params.Name)
	err := syscall.Access(dir, writable)
	for errors.Is(err, fs.ErrNotExist) && dir != "/" {
		dir = filepath.Dir(dir) // where the logger is going to make it
		err = syscall.Access(dir, writable)
	}
	if err != nil {
		return fmt.Errorf("the log of %s could not be written: %w", t.Params.Name, &fs.PathError{Op: "access", Path: dir, Err: err})
	}
	return nil
}

// failure is what rundockd has found out about the service, or about what it
// was asked for; other errors say nothing about it.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }
