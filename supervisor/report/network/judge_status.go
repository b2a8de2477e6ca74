package network

import (
	"cmp"
	"rundock/internal/control"
	"strings"
)

// statusOf judges a network. It is pure.
func statusOf(f agentFacts) Status {
	says := f.Says
	s := Status{
		Name: f.Name, Verdict: "ok", PID: says.PID, Running: f.Lives, State: says.State, Since: says.Since.UTC(), VNI: f.Settings.VNI,
		Subnet: says.Subnet, Gateway: says.Gateway, Underlay: says.Underlay, MTU: says.MTU, Encryption: "none", Alive: says.Alive && f.Lives && f.Silent == 0,
		Peers: says.Peers, Narrow: says.Narrow, Silent: says.Silent, Registry: says.Registry, Changes: says.Changes, Healed: says.Healed, Changed: says.Changed.UTC(),
		silent: f.Lives && f.Silent != 0,
	}
	if f.Settings.CIDR.IsValid() {
		s.CIDR = f.Settings.CIDR.String()
	}
	log := "the agent's log, " + agentLog(f.Name)
	wrong := func(problem, next string) { s.Verdict, s.Problem, s.Next = "wrong", problem, next }
	switch {
	case f.Trouble.Failed() && !f.Trouble.Denied:
		wrong(f.Trouble.Text, "put right what it names")
	case f.Unsaid.Failed():
		s.Verdict, s.Problem, s.Next = "unknown", f.Unsaid.Text, unsaidNext(f.Unsaid, f.Name)
	case !f.Lives:
		wrong("no agent keeps it", "sv up overlay-"+f.Name)
	case f.Silent != 0:
		wrong(silentAgent(says.PID, f.Silent), silentAgentNext(f.Name))
	case says.Refused:
		wrong(says.Registry, "put right what it names")
	case says.State == control.OverlayFenced:
		wrong(cutOff, cutOffNext+", "+agentLog(f.Name))
	case says.State != control.OverlayUp:
		wrong(strings.TrimSuffix(cmp.Or(says.Reason, "no reason given")+"; "+says.Registry, "; "), "put right what it names; see "+log)
	case says.Fault != "":
		wrong(says.Fault, says.Next)
	case !says.Alive:
		wrong(strings.TrimSuffix(unheard+"; "+says.Registry, "; "), "see to the registry; see "+log)
	case says.Unheard != "":
		s.Verdict, s.Problem, s.Next = "unknown", says.Unheard, "docs/overlay.md, Firewalls, has what to open; hosts that answer no pings count as well"
	case says.Registry != "":
		s.Problem, s.Next = says.Registry, "see to the registry; until it is back the network stays as it is"
	}
	return s
}
