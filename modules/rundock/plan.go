package main

import (
	"path"
	"slices"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/supervisor"
)

// plan is what install does, in the order of the fields.
type plan struct {
	Prepare  bool             // have rundockd check that the container can be made, and pull
	Write    bool             // the files
	Exchange bool             // the running processes have another shape: hand over and supervise anew
	Enable   bool             // link it, or wait until runsvdir has seen the link
	Commands []module.Command // for the runsvs that stay
	Replace  bool             // then: tell the runner, once it is the present one, to replace its container
	Reread   bool             // which it does as files that the container is made from hold something else
	NewSpec  bool             // the runner replaces the container, as another is wanted
	Retry    bool             // tell the runner, which waits to try again, to do so now
	Clear    bool             // make sure of it that there is no container, as there is to be none
}

// acts reports whether p touches a process.
func (p plan) acts() bool {
	return p.Exchange || p.Enable || len(p.Commands) > 0 || p.Replace || p.Retry || p.Clear
}

// runnerHandsOver is the deed of a runner that hands over, unless its successor
// replaces the container.
const runnerHandsOver = "runner handed over"

// decide plans how to get from now to w. It restarts nothing that has not changed.
// Only a change of the container's spec, or restart, replaces the container; every
// other process hands over to its successor.
func decide(now situation, w wanted, changes fstree.Changes, run, restart bool) plan {
	p := plan{Write: changes.Changed()}
	if !run {
		return p
	}
	p.Enable = !now.Enabled || !now.Outer.Supervised
	starts := !now.Outer.Supervised
	switch {
	case starts:
	case now.Shape != w.shape:
		p.Exchange = true
		starts = !now.Outer.Up()
	default:
		p.Commands = commands(now, w, changes)
		for _, c := range p.Commands {
			starts = starts || c.Letter == "u" && (c.Dir == "." || c.Dir == w.shape.runner)
		}
	}
	if w.hash == "" {
		p.Clear = now.mayHaveContainer()
		if restart && !starts && !p.Exchange {
			p.Commands = restartSidecar(p.Commands, w.shape.sidecar)
		}
		return p
	}
	changed := now.specHash() != w.hash
	reread := supervisor.Changed(w.service.Container.Files(), now.Says.Contents, w.contents) != nil
	p.Prepare = starts || changed || restart || reread
	p.Replace = (restart || reread) && !starts && !changed
	p.Reread = p.Replace && !restart
	p.NewSpec = changed && !starts
	p.Retry = !starts && !p.Exchange && !p.Replace && now.runnerWaits() && !p.succeeded(w.shape.runner)
	return p
}

// succeeded reports whether p has the process in dir followed by another.
func (p plan) succeeded(dir string) bool {
	return p.Exchange || slices.ContainsFunc(p.Commands, func(c module.Command) bool {
		return (c.Dir == dir || c.Dir == ".") && (c.Letter == "h" || c.Letter == "t")
	})
}

// commands tells the runsvs of a service of the right shape what changed.
func commands(now situation, w wanted, changes fstree.Changes) []module.Command {
	var list []module.Command
	nested := w.shape == both
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
		{w.shape.runner, "service.json", "runner", now.Runner},
		{w.shape.sidecar, "announce.json", "announcer", now.Announcer},
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
