// Package task is one call of rundock_overlay: it has package look find out how things are and
// package plan decide, and does it. What takes Docker, the store or the right to change the
// kernel rundockd does.
package task

import (
	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/modules/rundock_overlay/look"
	"rundock/modules/rundock_overlay/params"
	"rundock/modules/rundock_overlay/plan"
	"rundock/supervisor/overlaydir"
)

// task is one call.
type task struct {
	module.Call
	p        params.Params
	settings overlay.Settings // as asked for; zero with state=absent
	host     module.Host
	unit     module.Unit // overlay-<name>
	told     plan.Facts
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	t := &task{Call: module.Call{Check: c.Check}}
	if err := c.Decode(&t.p); err != nil {
		return nil, err
	}
	var err error
	if t.settings, err = t.p.Settings(); err != nil {
		return nil, err
	}
	if t.host, err = module.ReadHost(hostconfig.Path); err != nil {
		return nil, err
	}
	t.unit = t.host.Unit(overlaydir.Prefix + t.p.Name)
	return t, nil
}

// lock keeps other calls waiting until unlock, also those for other networks,
// as one must not overlap another.
func (t *task) lock() (unlock func(), err error) {
	return t.Lock(control.LockFile(control.Dir, "overlay"), "the host's overlay networks", t.p.Patience())
}

// result is what the task did, and how the network stands after it.
func (t *task) result(err error) ansible.Result {
	return t.Result(err, t.p.Name, "network", t.told)
}

// look finds out how the network stands.
func (t *task) look() (plan.Situation, error) { return look.Network(&t.unit, t.p.Name) }

// showLink adds the link that enables the agent to the diff.
func (t *task) showLink(before, after bool) {
	t.Diff = append(t.Diff, t.unit.LinkDiff(before, after)...)
}

// showCommands adds what happens outside of files to the diff.
func (t *task) showCommands(commands string) {
	t.Diff = append(t.Diff, plan.CommandsDiff(t.p.Name, commands)...)
}

func (t *task) file() string { return plan.SettingsFile(t.p.Name) }
