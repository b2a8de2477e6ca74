// Package plan is what a call of rundock_overlay decides: how the network stands on this host,
// what is to be done about it, what the kernel will hold, and what the result tells. It looks at
// nothing and does nothing: packages look and task do.
package plan

import (
	"fmt"

	"rundock/internal/fstree"
	"rundock/internal/module"
)

// Plan is how to get to what is wanted.
type Plan struct {
	Write bool // the settings, or the service directory
	module.DaemonPlan
}

// Changes reports whether p does anything.
func (p Plan) Changes() bool { return p.Write || p.Acts() }

// Actions are p in words, for the result.
func (p Plan) Actions(now Situation) []string {
	var list []string
	if p.Write {
		list = append(list, module.Choose(now.Installed && now.Joined != nil, "files updated", "installed"))
	}
	return append(list, p.Words(now.Daemon, "")...)
}

// Decide plans how to get from now to what settings and service change. The
// agent hands over to a successor wherever it has to read something anew:
// other hosts notice nothing.
func Decide(now Situation, settings, service fstree.Changes) Plan {
	return Plan{
		Write:      settings.Changed() || service.Changed(),
		DaemonPlan: now.Plan("agent", now.Stale || settings.Changed(), service),
	}
}

// Removal is how the network is taken off this host.
type Removal struct {
	Nothing  bool // it is not on it
	GiveBack bool // but the store has not been told that it was left
	Unmask   bool // the administrator's hidden link goes with its service directory
}

// DecideRemoval plans how to get from now to nothing. ownsMask says that the hidden link
// leads to the agent's service directory. The error says why it is not known what there
// is to remove.
func DecideRemoval(now Situation, ownsMask bool) (Removal, error) {
	if now.Joined == nil && now.Bad != nil {
		if now.Lost {
			return Removal{}, now.Bad
		}
		return Removal{}, fmt.Errorf("%w: mend it, as it says what there is to remove", now.Bad)
	}
	r := Removal{Unmask: now.Masked && ownsMask}
	r.Nothing = now.Joined == nil && !now.Installed && !now.Enabled && !r.Unmask && !now.Process.Supervised
	r.GiveBack = r.Nothing && now.Owed
	return r, nil
}
