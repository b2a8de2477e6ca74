package main

import (
	"rundock/internal/fstree"
	"rundock/internal/module"
)

// plan is how to get to what is wanted.
type plan struct {
	Define   bool // write the definition
	Service  bool // write the renderer's service directory
	Enable   bool // link it, or wait until runsvdir has seen the link
	Commands []module.Command
}

// changes reports whether p does anything.
func (p plan) changes() bool { return p.Define || p.Service || p.Enable || len(p.Commands) > 0 }

// actions are p in words, for the result; the file is to be replaced.
func (p plan) actions(now situation, replace bool) []string {
	var list []string
	if p.Define {
		list = append(list, module.Choose(now.Defined, "definition updated", "definition written"))
	}
	if p.Service {
		list = append(list, module.Choose(now.Installed, "renderer updated", "renderer installed"))
	}
	if p.Enable {
		list = append(list, module.Choose(now.Enabled, "renderer supervised", "renderer enabled"))
	}
	for _, c := range p.Commands {
		list = append(list, c.Does)
	}
	if replace {
		list = append(list, "file replaced")
	}
	return list
}

// decide plans how to get from now to what definition and service change. The
// renderer hands over to a successor wherever it has to read something anew.
func decide(now situation, definition, service fstree.Changes) plan {
	p := plan{Define: definition.Changed(), Service: service.Changed()}
	p.Enable = !now.Enabled || !now.Renderer.Supervised
	if !now.Renderer.Supervised {
		return p
	}
	switch s := now.Renderer.Status; {
	case s.WantDown:
		p.Commands = append(p.Commands, module.Command{Dir: ".", Letter: "u", Does: "renderer started"})
	case s.Paused:
		p.Commands = append(p.Commands, module.Command{Dir: ".", Letter: "c", Does: "renderer continued"})
	}
	if !now.Renderer.Status.WantDown && (now.Stale || !now.speaks() || p.Define || service.Touches("run")) {
		p.Commands = append(p.Commands, module.Command{Dir: ".", Letter: "h", Does: "renderer handed over"})
	}
	switch {
	case now.Logger.Supervised && now.Logger.Status.WantDown:
		p.Commands = append(p.Commands, module.Command{Dir: "log", Letter: "u", Does: "renderer's logger started"})
	case service.Touches("log"):
		p.Commands = append(p.Commands, module.Command{Dir: "log", Letter: "t", Does: "renderer's logger restarted"})
	}
	return p
}
