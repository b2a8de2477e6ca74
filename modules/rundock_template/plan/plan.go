// Package plan is what a call of rundock_template decides: how the template stands, what is
// to be done about it, and what the result tells. It looks at nothing and does nothing: packages
// look and task do.
package plan

import (
	"rundock/internal/fstree"
	"rundock/internal/module"
)

// Plan is how to get to what is wanted.
type Plan struct {
	Define  bool // write the definition
	Service bool // write the renderer's service directory
	module.DaemonPlan
}

// Changes reports whether p does anything.
func (p Plan) Changes() bool { return p.Define || p.Service || p.Acts() }

// Actions are p in words, for the result; the file is to be replaced.
func (p Plan) Actions(now Situation, replace bool) []string {
	var list []string
	if p.Define {
		list = append(list, module.Choose(now.Defined, "definition updated", "definition written"))
	}
	if p.Service {
		list = append(list, module.Choose(now.Installed, "renderer updated", "renderer installed"))
	}
	list = append(list, p.Words(now.Daemon, "renderer ")...)
	if replace {
		list = append(list, "file replaced")
	}
	return list
}

// Decide plans how to get from now to what definition and service change. The
// renderer hands over to a successor wherever it has to read something anew.
func Decide(now Situation, definition, service fstree.Changes) Plan {
	anew := now.Stale || !now.Speaks() || definition.Changed()
	return Plan{Define: definition.Changed(), Service: service.Changed(), DaemonPlan: now.Plan("renderer", anew, service)}
}

// Removal is how a template is forgotten.
type Removal struct {
	Nothing bool // it is not there
	Service bool // the renderer's service goes with it, as no other template is left
}

// DecideRemoval plans how to get from now to no definition, whose removal changes these
// files. ours says that the renderer's service directory is rundock's.
func DecideRemoval(now Situation, definition fstree.Changes, ours bool) Removal {
	r := Removal{Service: now.Others == 0 && ours}
	r.Nothing = !definition.Changed() && now.Says.PID == 0 && !r.Service
	return r
}

// Actions are r in words, for the result.
func (r Removal) Actions() []string {
	switch {
	case r.Nothing:
		return nil
	case r.Service:
		return []string{"removed", "renderer removed"}
	}
	return []string{"removed"}
}
