// Package plan is what a call decides: from how a service stands (Situation), what it is
// to become (Wanted) and which files differ, what is done to its processes and its
// container (Plan), which of that has been seen to be done (Deed), and whether the service
// is as the call waits for (Reached). It is pure: it looks at nothing and does nothing.
package plan

import (
	"path"
	"slices"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/supervisor"
)

// Plan is what a call does to a service that is to be there, in the order of the fields.
type Plan struct {
	Prepare    bool             // have rundockd check that the container can be made, and pull
	Reannounce bool             // else, have it check that the container that is there can be announced as is wanted now
	Write      bool             // the files
	Exchange   bool             // the running processes have another shape: hand over and supervise anew
	Enable     bool             // link it, or wait until runsvdir has seen the link
	Commands   []module.Command // for the runsvs that stay
	Replace    bool             // then: tell the runner, once it is the present one, to replace its container
	Reread     bool             // which it does as files that the container is made from hold something else
	NewSpec    bool             // the runner replaces the container, as another is wanted
	Retry      bool             // tell the runner, which waits to try again, to do so now
	Clear      bool             // make sure of it that there is no container, as there is to be none
}

// Acts reports whether p touches a process.
func (p Plan) Acts() bool {
	return p.Exchange || p.Enable || len(p.Commands) > 0 || p.Replace || p.Retry || p.Clear
}

// runnerHandsOver is the deed of a runner that hands over, unless its successor
// replaces the container.
const runnerHandsOver = "runner handed over"

// Decide plans how to get from now to w. It restarts nothing that has not changed.
// Only a change of the container's spec, or restart, replaces the container; every
// other process hands over to its successor.
func Decide(now Situation, w Wanted, changes fstree.Changes, run, restart bool) Plan {
	p := Plan{Write: changes.Changed()}
	if !run {
		return p
	}
	p.Enable = !now.Enabled || !now.Outer.Supervised
	starts := !now.Outer.Supervised
	switch {
	case starts:
	case now.Shape != w.Shape:
		p.Exchange = true
		starts = !now.Outer.Up()
	default:
		p.Commands = commands(now, w, changes)
		for _, c := range p.Commands {
			starts = starts || c.Letter == "u" && (c.Dir == "." || c.Dir == w.Shape.Runner)
		}
	}
	if w.Hash == "" {
		p.Clear = now.MayHaveContainer()
		if restart && !starts && !p.Exchange {
			p.Commands = restartSidecar(p.Commands, w.Shape.Sidecar)
		}
		return p
	}
	changed := now.specHash() != w.Hash
	reread := supervisor.Changed(w.Service.Container.Files(), now.Says.Contents, w.Contents) != nil
	p.Prepare = starts || changed || restart || reread
	p.Reannounce = !p.Prepare && w.Shape.Sidecar != "" && changes.Touches(path.Join(w.Shape.Sidecar, "announce.json"))
	failed := w.Service.Job && now.StatusIsCurrent() && now.Says.Phase == control.Ended && now.Says.ExitCode != 0
	p.Prepare = p.Prepare || failed
	p.Replace = (restart || reread || failed) && !starts && !changed
	p.Reread = p.Replace && reread && !restart
	p.NewSpec = changed && !starts
	p.Retry = !starts && !p.Exchange && !p.Replace && now.runnerWaits() && !p.succeeded(w.Shape.Runner)
	return p
}

// succeeded reports whether p has the process in dir followed by another.
func (p Plan) succeeded(dir string) bool {
	return p.Exchange || slices.ContainsFunc(p.Commands, func(c module.Command) bool {
		return (c.Dir == dir || c.Dir == ".") && (c.Letter == "h" || c.Letter == "t")
	})
}

// commands tells the runsvs of a service of the right shape what changed.
func commands(now Situation, w Wanted, changes fstree.Changes) []module.Command {
	var list []module.Command
	nested := w.Shape == Both
	outer := now.Outer
	switch {
	case outer.Status.Paused:
		list = append(list, module.Command{Dir: ".", Letter: "c", Does: "continued"})
	case outer.Status.WantDown && nested:
		return []module.Command{{Dir: ".", Letter: "u", Does: "started"}}
	case nested && (outer.Stale || changes.Touches("run")):
		// Its script holds timeouts. Its successor starts everything below anew.
		return []module.Command{{Dir: ".", Letter: "h", Does: "supervision handed over"}}
	}
	for _, part := range []struct {
		dir, reads, name string
		process          module.Process
	}{
		{w.Shape.Runner, "service.json", "runner", now.Runner},
		{w.Shape.Sidecar, "announce.json", "announcer", now.Announcer},
	} {
		if part.dir == "" {
			continue
		}
		switch s := part.process; {
		case s.Supervised && s.Status.WantDown:
			list = append(list, module.Command{Dir: part.dir, Letter: "u", Does: part.name + " started"})
		case s.Supervised && s.Status.Paused && nested:
			list = append(list, module.Command{Dir: part.dir, Letter: "c", Does: part.name + " continued"})
		case s.Stale, changes.Touches(path.Join(part.dir, "run")), changes.Touches(path.Join(part.dir, part.reads)):
			list = append(list, module.Command{Dir: part.dir, Letter: "h", Does: part.name + " handed over"})
		}
		log := path.Join(part.dir, "log")
		switch s := now.Loggers[log]; {
		case s.Supervised && s.Status.WantDown:
			list = append(list, module.Command{Dir: log, Letter: "u", Does: part.name + "'s logger started"})
		case s.Supervised && s.Status.Paused:
			list = append(list, module.Command{Dir: log, Letter: "c", Does: part.name + "'s logger continued"})
		case s.Stale, changes.Touches(path.Join(log, "run")), changes.Touches(path.Join(log, "config")):
			list = append(list, module.Command{Dir: log, Letter: "t", Does: part.name + "'s logger restarted"})
		}
	}
	return list
}

// restartSidecar has the sidecar of an announce-only service end instead of hand
// over: it withdraws, and announces again.
func restartSidecar(list []module.Command, announcer string) []module.Command {
	again := module.Command{Dir: announcer, Letter: "t", Does: "announcer restarted"}
	for i, c := range list {
		if c.Dir == announcer {
			list[i] = again
			return list
		}
	}
	return append(list, again)
}
