package plan

import (
	"fmt"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/overlay"
)

// Situation is how the network stands on the host, from files alone.
type Situation struct {
	module.Daemon
	Settings *overlay.Settings // nil: there are none, or they cannot be read
	Lost     bool              // their file is gone, and the host is still in the network
	Joined   *overlay.Settings // by which it is, as its agent saved them, or else Settings
	Bad      error             // why they cannot
	Owed     bool              // it was left, and the store has not been told
	Says     control.OverlayStatus
	Silent   time.Duration // for how long the agent has said nothing, once that is too long
	Stale    bool          // the agent that runs has read other settings, or is of a program that was replaced
}

// Speaks reports whether the status is of the agent that runs.
func (s Situation) Speaks() bool { return s.Process.Wrote(s.Says.PID) }

// Up reports whether the agent that runs keeps the network as the settings
// have it, and goes on to.
func (s Situation) Up() bool {
	return s.Speaks() && s.Process.Up() && !s.Process.Status.GotTerm && !s.Stale && s.Says.State == control.OverlayUp && s.Silent == 0
}

// Why says why the network is not up.
func (s Situation) Why() string {
	switch a := s.Process; {
	case !s.Speaks() && a.Supervised && a.Status.WantDown:
		return "its agent is down, as by sv down"
	case !s.Speaks():
		return "its agent has said nothing"
	case a.Status.WantDown, a.Status.GotTerm:
		return fmt.Sprintf("its agent, process %d, was told to stop and has not ended", s.Says.PID)
	}
	if s.Silent != 0 {
		return fmt.Sprintf("its agent, process %d, has said nothing for %s: it was stopped or hangs (sv restart overlay-%s)", s.Says.PID, s.Silent, s.Says.Network)
	}
	var reasons []string
	for _, r := range []string{s.Says.Reason, s.Says.Registry} {
		if r != "" {
			reasons = append(reasons, r)
		}
	}
	if reasons == nil {
		reasons = []string{module.Choose(s.Up(), "other hosts are not told yet", "it is "+string(s.Says.State))}
	}
	return strings.Join(reasons, "; ")
}

// Warnings are what the agent of a network that is up finds wrong.
func (s Situation) Warnings() []string {
	if !s.Says.Alive {
		return []string{"other hosts do not see this one: " + s.Says.Registry}
	}
	var list []string
	if s.Says.Unheard != "" {
		list = append(list, s.Says.Unheard)
	}
	if s.Says.Fault != "" {
		list = append(list, s.Says.Fault+"; next: "+s.Says.Next)
	}
	return list
}
