package main

import (
	"fmt"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/supervisor/overlaydir"
)

// task is one call, and what it has done so far.
type task struct {
	p        params
	settings overlay.Settings // as asked for; zero with state=absent
	check    bool
	config   hostconfig.Config // zero where there is no host.json
	noConfig error             // why there is none
	unit     module.Unit       // overlay-<name>

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
	found, err := module.ReadHost(hostconfig.Path)
	if err != nil {
		return nil, err
	}
	t.config, t.noConfig, t.unit = found.Config, found.Missing, found.Unit(overlaydir.Prefix+t.p.Name)
	return t, nil
}

// lock keeps other calls waiting until unlock, also those for other networks,
// as one must not overlap another. Check mode, which writes nothing, takes no
// lock.
func (t *task) lock() (unlock func(), err error) {
	if t.check {
		return func() {}, nil
	}
	return module.Lock(control.LockFile(control.Dir, "overlay"), "the host's overlay networks", t.p.patience())
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

// linked adds the link that enables the agent to the diff.
func (t *task) linked(before, after bool) {
	t.diff = append(t.diff, t.unit.LinkDiff(before, after)...)
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
