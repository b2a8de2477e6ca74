package module

import (
	"context"
	"fmt"
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/internal/runit"
)

// Daemon is how a unit stands that is one process of rundockd and its logger, such as
// an overlay agent. It reads definitions, which modules write.
type Daemon struct {
	Standing
	Process Process
	Logger  Process
}

// LookDaemon reads how u stands, whose logger writes to logDir. The logger is stale when its file
// was deleted under it.
func (u *Unit) LookDaemon(logDir string) (d Daemon, err error) {
	if d.Standing, err = u.Look(); err != nil {
		return d, err
	}
	if d.Process, err = Watch(u.Dir); err != nil {
		return d, err
	}
	d.Logger, err = Watch(u.Dir + "/log")
	d.Logger.Stale = d.Logger.HasDeleted(filepath.Join(logDir, "current"))
	return d, err
}

// Definition is a file that tells a daemon what to do, and the daemon's service.
type Definition struct {
	Dir     string // of definitions
	File    fstree.File
	Unit    Unit
	Service []fstree.File // the unit's directory
}

// Put makes the host's files these. With check set it only says what that changes.
func (d Definition) Put(check bool) (file, service fstree.Changes, err error) {
	if file, err = fstree.Put(d.Dir, d.File, check); err != nil {
		return file, service, err
	}
	service, err = fstree.Apply(d.Unit.Dir, d.Service, check)
	return file, service, err
}

// DaemonPlan is how a daemon gets to its files.
type DaemonPlan struct {
	Enable   bool // link it, or wait until runsvdir has seen the link
	Commands []Command
}

// Plan plans how to bring d, which the result calls name, to its files. It hands over
// to a successor, which nobody notices, where it has to read something anew, and
// where the changes of its service are of its script.
func (d Daemon) Plan(name string, anew bool, service fstree.Changes) DaemonPlan {
	p := DaemonPlan{Enable: !d.Enabled || !d.Process.Supervised}
	if !d.Process.Supervised {
		return p
	}
	add := func(dir, letter, does string) { p.Commands = append(p.Commands, Command{dir, letter, name + does}) }
	s := d.Process.Status
	switch {
	case s.WantDown:
		add(".", "u", " started")
	case s.Paused:
		add(".", "c", " continued")
	}
	if ends := s.PID == 0 || s.GotTerm; !ends && (anew || service.Touches("run")) {
		add(".", "h", " handed over")
	}
	switch {
	case d.Logger.Supervised && d.Logger.Status.WantDown:
		add("log", "u", "'s logger started")
	case d.Logger.Supervised && d.Logger.Status.Paused:
		add("log", "c", "'s logger continued")
	case service.Touches("log"), d.Logger.Stale && !d.Logger.Status.GotTerm:
		add("log", "t", "'s logger restarted")
	}
	return p
}

// Acts reports whether p does anything.
func (p DaemonPlan) Acts() bool { return p.Enable || len(p.Commands) > 0 }

// HandsOver reports whether another process takes the place of the one that runs.
func (p DaemonPlan) HandsOver() bool {
	for _, c := range p.Commands {
		if c.Letter == "h" {
			return true
		}
	}
	return false
}

// Words are p for the result; enabling has prefix before it.
func (p DaemonPlan) Words(now Daemon, prefix string) []string {
	var list []string
	if p.Enable {
		list = append(list, prefix+Choose(now.Enabled, "supervised", "enabled"))
	}
	for _, c := range p.Commands {
		list = append(list, c.Does)
	}
	return list
}

// Carry does p.
func (u *Unit) Carry(p DaemonPlan) error {
	if p.Enable {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := u.Enable(ctx); err != nil {
			return err
		}
	}
	for _, c := range p.Commands {
		if err := c.give(u.Dir); err != nil {
			return fmt.Errorf("%s: %w", c.Does, err)
		}
	}
	return nil
}

// give has the runsv of the unit in dir take c. A restart is waited for until it shows in
// what runsv says: a call right after this one would order another.
func (c Command) give(dir string) error {
	dir = filepath.Join(dir, c.Dir)
	before, err := runit.ReadStatus(dir)
	if err != nil {
		return err
	}
	if err := runit.Control(dir, c.Letter); err != nil || c.Letter != "t" {
		return err
	}
	taken := func() (bool, error) {
		now, err := runit.ReadStatus(dir)
		return now.GotTerm || now.PID != before.PID, err
	}
	return Await(Patience, taken, func() error { return fmt.Errorf("its runsv has not taken it within %s", Patience) })
}

// Halt ends the processes of u, which is not linked any more. It kills those that have
// not ended within Patience, and reports that.
func (u *Unit) Halt() (killed bool, err error) {
	exit := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		return runit.Exit(ctx, u.Dir, nil)
	}
	if exit() == nil {
		return false, nil
	}
	if err := Kill(u.Dir); err != nil {
		return true, err
	}
	return true, exit()
}
