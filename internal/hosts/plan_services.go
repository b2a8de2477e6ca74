package hosts

import (
	"slices"

	"rundock/internal/module"
)

func (p *planner) removed() {
	for _, name := range p.want.Removed {
		if p.have.Surplus[name] {
			p.add(End, name, "it is not to be", "service "+name+" removed")
		}
	}
}

func (p *planner) services() {
	for _, want := range p.want.Services {
		p.service(want, p.have.Services[want.Name])
	}
}

// service plans one service. A new one starts by itself, with all that is
// there, and needs no renewal.
func (p *planner) service(want Service, have ServiceState) {
	before := len(p.Steps)
	if have.Changes.Changed() {
		p.Diff = append(p.Diff, have.Changes.Diff()...)
		p.add(WriteScript, want.Name, module.Choose(have.Supervised, "differs", "missing"), "service "+want.Name+module.Choose(have.Enabled, " updated", " written"))
	}
	if len(want.Scripts) > 0 && (!have.Enabled || !have.Supervised) {
		p.add(Enable, want.Name, module.Choose(have.Enabled, "not supervised", "not enabled"), "service "+want.Name+" enabled")
	}
	if have.Supervised && len(want.Scripts) > 0 && want.Renew != Never {
		p.renew(want, have)
	}
	if want.Ready != "" && (len(p.Steps) > before || !have.Settled) {
		p.add(Await, want.Name, "", "")
	}
}

// renew plans that the process of a service takes up what changes.
func (p *planner) renew(want Service, have ServiceState) {
	restart := Step{RestartIt, want.Name, "", "service " + want.Name + " restarted"}
	hup := Step{HupIt, want.Name, "", "service " + want.Name + " handed over"}
	other := restart
	if want.Renew == Hup {
		other = hup
	}
	switch {
	case slices.ContainsFunc(startScripts, have.Changes.Touches):
		restart.Reason = "its scripts change"
	case have.Stale:
		restart.Reason = "its scripts are newer than its process"
	case p.have.Pending[restart.key()]:
		restart.Reason = "an earlier run left it out"
	}
	if restart.Reason != "" {
		p.Steps = append(p.Steps, restart)
		return
	}
	read := slices.IndexFunc(want.Reads, func(path string) bool { return p.changed[path] })
	switch {
	case read >= 0:
		other.Reason = want.Reads[read] + " changes"
	case have.OldProgram:
		other.Reason = "its process runs a program that was replaced"
	case p.have.Pending[other.key()]:
		other.Reason = "an earlier run left it out"
	default:
		return
	}
	p.Steps = append(p.Steps, other)
}

// startScripts are what a service was started by, and ends by. Its logger, and
// what sv check runs, need no restart of it.
var startScripts = []string{"run", "finish"}
