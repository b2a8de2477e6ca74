package main

import (
	"rundock/internal/fstree"
	"rundock/internal/module"
)

// plan is how to get to what is wanted.
type plan struct {
	Write    bool // the settings, or the service directory
	Enable   bool // link it, or wait until runsvdir has seen the link
	Commands []module.Command
}

// changes reports whether p does anything.
func (p plan) changes() bool { return p.Write || p.Enable || len(p.Commands) > 0 }

// exchanges reports whether another agent takes the place of the one that runs.
func (p plan) exchanges() bool {
	for _, c := range p.Commands {
		if c.Letter == "h" {
			return true
		}
	}
	return false
}

// actions are p in words, for the result.
func (p plan) actions(now situation) []string {
	var list []string
	if p.Write {
		list = append(list, module.Choose(now.Installed && now.Settings != nil, "files updated", "installed"))
	}
	if p.Enable {
		list = append(list, module.Choose(now.Enabled, "supervised", "enabled"))
	}
	for _, c := range p.Commands {
		list = append(list, c.Does)
	}
	return list
}

// decide plans how to get from now to what settings and service change. The
// agent hands over to a successor wherever it has to read something anew:
// other hosts notice nothing.
func decide(now situation, settings, service fstree.Changes) plan {
	p := plan{Write: settings.Changed() || service.Changed()}
	p.Enable = !now.Enabled || !now.Agent.Supervised
	if !now.Agent.Supervised {
		return p
	}
	switch s := now.Agent.Status; {
	case s.WantDown:
		p.Commands = append(p.Commands, module.Command{Dir: ".", Letter: "u", Does: "agent started"})
	case s.Paused:
		p.Commands = append(p.Commands, module.Command{Dir: ".", Letter: "c", Does: "agent continued"})
	}
	if ends := now.Agent.Status.PID == 0 || now.Agent.Status.GotTerm; !ends && (now.Stale || settings.Changed() || service.Touches("run")) {
		p.Commands = append(p.Commands, module.Command{Dir: ".", Letter: "h", Does: "agent handed over"})
	}
	switch {
	case now.Logger.Supervised && now.Logger.Status.WantDown:
		p.Commands = append(p.Commands, module.Command{Dir: "log", Letter: "u", Does: "agent's logger started"})
	case service.Touches("log"):
		p.Commands = append(p.Commands, module.Command{Dir: "log", Letter: "t", Does: "agent's logger restarted"})
	}
	return p
}
