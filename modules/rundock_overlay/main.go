// Command rundock_overlay is the Ansible module of the same name: this host's
// part of an overlay network, which joins the containers of all its hosts.
//
// It looks whether the kernel and what else is on the host allow the network
// (package overlay), writes what the network is, /etc/rundock/overlay/NAME.json,
// and the runit service of its agent, `rundockd overlay run`, which does the
// rest: this program changes nothing of the network itself. A call that
// changes nothing executes nothing.
//
// README.md beside this file says what users may rely on.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/runit"
	"rundock/supervisor/overlaydir"
)

func main() {
	// Folders are for all to read whatever umask the caller has.
	syscall.Umask(0o022)
	ansible.Main(parameters, call)
}

// call does what the parameters ask.
func call(c ansible.Call) ansible.Result {
	t, err := newTask(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	unlock, err := t.lock()
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer unlock()
	if t.p.State == "absent" {
		err = t.absent()
	} else {
		err = t.present()
	}
	return t.result(err)
}

// task is one call, and what it has done so far.
type task struct {
	p         params
	settings  overlay.Settings // as asked for; zero with state=absent
	check     bool
	config    hostconfig.Config // zero where there is no host.json
	noConfig  error             // why there is none
	folders   runit.Folders
	runitName string // overlay-<name>
	dir       string // its service directory

	diff     []fstree.Diff
	actions  []string
	warnings []string
	told     facts
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	t := &task{check: c.Check}
	if err := c.Decode(&t.p); err != nil {
		return nil, err
	}
	var err error
	if t.settings, err = t.p.settings(); err != nil {
		return nil, err
	}
	t.config, err = hostconfig.Load(hostconfig.Path)
	if errors.Is(err, fs.ErrNotExist) {
		t.noConfig = fmt.Errorf("%w: the host is not prepared (playbooks/site.yml)", err)
	} else if err != nil {
		return nil, err
	}
	if t.folders, err = runit.Detect(t.config.Runit.SV, t.config.Runit.Service); err != nil {
		return nil, err
	}
	t.runitName = overlaydir.Prefix + t.p.Name
	t.dir = t.folders.Dir(t.runitName)
	return t, nil
}

// lock keeps other calls waiting until unlock, also those for other networks,
// as one must not overlap another. Check mode, which writes nothing, takes no
// lock.
func (t *task) lock() (unlock func(), err error) {
	if t.check {
		return func() {}, nil
	}
	if err := os.MkdirAll(control.Dir, 0o755); err != nil {
		return nil, err
	}
	path := control.LockFile(control.Dir, "overlay")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(t.p.patience())
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("lock %s: another call is at work on the host's overlay networks: %w", path, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (t *task) warn(format string, args ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}

// result is what the task did, and how the network stands after it.
func (t *task) result(err error) ansible.Result {
	msg := "nothing to do"
	if len(t.actions) > 0 {
		msg = strings.Join(t.actions, ", ")
	}
	return ansible.Result{
		Changed:  len(t.actions) > 0,
		Err:      err,
		Diff:     t.diff,
		Warnings: t.warnings,
		Msg:      t.p.Name + ": " + msg,
		Values:   map[string]any{"actions": append([]string{}, t.actions...), "network": t.told},
	}
}

// facts are what the result tells of the network.
type facts struct {
	Name     string   `json:"name"`
	State    string   `json:"state"`             // of its agent: up, waiting, fenced; absent; down: no agent runs
	Subnet   string   `json:"subnet,omitempty"`  // or pending
	Gateway  string   `json:"gateway,omitempty"` // or pending
	MTU      int      `json:"mtu,omitempty"`
	Devices  []string `json:"devices,omitempty"` // the bridge, and the VXLAN device
	Underlay string   `json:"underlay,omitempty"`
	Peers    int      `json:"peers"`
	Alive    bool     `json:"alive"` // other hosts see this one
}
