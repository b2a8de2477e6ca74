package module

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/fstree"
)

// Call is one call of a module, and what it has done so far.
type Call struct {
	Check    bool // check mode: it only says what it would do
	Diff     []fstree.Diff
	Actions  []string // what it did or would do, in words
	Warnings []string

	warning sync.Mutex // of Warnings: some are of what is watched meanwhile
}

// Warn adds a warning to the result.
func (c *Call) Warn(format string, args ...any) {
	c.warning.Lock()
	defer c.warning.Unlock()
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// WarnMasked says that an administrator's hidden link keeps u disabled. what is what
// people call it, aim what it is enabled for.
func (c *Call) WarnMasked(u Unit, what, aim string) {
	c.Warn("%s stays disabled: the link %s is there; remove it to have %s", what, u.Mask(), aim)
}

// WarnDown says that a file named down, which is an administrator's, keeps u from being
// started by itself, as after a boot. parts are the folders of u that have a process of
// their own, beside that of u itself.
func (c *Call) WarnDown(u Unit, parts ...string) {
	for _, part := range append([]string{""}, parts...) {
		name := strings.TrimSuffix(u.Name+"/"+part, "/")
		for _, dir := range []string{filepath.Join(u.Dir, part), filepath.Join(u.Dir, part, "log")} {
			down := filepath.Join(dir, "down")
			if _, err := os.Lstat(down); err == nil {
				c.Warn("%s is not started at boot: the file %s is there; remove it to have that", Choose(filepath.Base(dir) != "log", name, "the logger of "+name), down)
			}
		}
	}
}

// Lock is the function Lock, but in check mode, which writes nothing, takes no lock.
func (c *Call) Lock(path, what string, patience time.Duration) (unlock func(), err error) {
	if c.Check {
		return func() {}, nil
	}
	return Lock(path, what, patience)
}

// Locked is a call that changes the host: once it has the lock, act does what is asked for,
// and result says what that was.
func Locked(lock func() (unlock func(), err error), act func() error, result func(error) ansible.Result) ansible.Result {
	unlock, err := lock()
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer unlock()
	return result(act())
}

// Result says what the call did, and under a name of its own how what it was about,
// which is called subject, stands after it.
func (c *Call) Result(err error, subject, name string, facts any) ansible.Result {
	return ansible.Result{
		Changed:  len(c.Actions) > 0,
		Err:      err,
		Diff:     c.Diff,
		Warnings: c.Warnings,
		Msg:      subject + ": " + Summary(c.Actions),
		Values:   map[string]any{"actions": append([]string{}, c.Actions...), name: facts},
	}
}

// Summary is what a call did, in one line.
func Summary(actions []string) string {
	return Choose(len(actions) > 0, strings.Join(actions, ", "), "nothing to do")
}
