package network

import (
	"cmp"
	"strings"

	"rundock/internal/control"
	"rundock/internal/overlay"
)

// statusOf judges a network. It is pure.
func statusOf(f agentFacts) Status {
	status := f.AgentStatus
	s := Status{
		Name: f.Name, Verdict: "ok", PID: status.PID, Running: f.AgentAlive, State: status.State, Since: status.Since.UTC(), VNI: f.Settings.VNI,
		Subnet: status.Subnet, Gateway: status.Gateway, Underlay: status.Underlay, MTU: status.MTU, Encryption: "none", Alive: status.Alive && f.AgentAlive && f.Silent == 0,
		Peers: status.Peers, Narrow: status.Narrow, Silent: status.Silent, Registry: status.Registry, Changes: status.Changes, Healed: status.Healed, Changed: status.Changed.UTC(),
		silent: f.AgentAlive && f.Silent != 0,
	}
	if f.Settings.CIDR.IsValid() {
		s.CIDR = f.Settings.CIDR.String()
	}
	log := "the agent's log, " + agentLog(f.Name)
	wrong := func(problem, next string) { s.Verdict, s.Problem, s.Next = "wrong", problem, next }
	lost := overlay.LostSettings(f.Name, f.Settings)
	switch {
	case f.Lost:
		wrong(lost.What, lost.Next)
	case f.SettingsTrouble.Failed() && !f.SettingsTrouble.Denied:
		wrong(f.SettingsTrouble.Text, "put right what it names")
	case f.StatusTrouble.Failed():
		s.Verdict, s.Problem, s.Next = "unknown", f.StatusTrouble.Text, unsaidNext(f.StatusTrouble, f.Name)
	case !f.AgentAlive && f.Down != "":
		wrong(downProblem(f.Down), downNext(f.Name))
	case !f.AgentAlive:
		wrong("no agent keeps it", "sv up overlay-"+f.Name)
	case f.Silent != 0:
		wrong(silentAgent(status.PID, f.Silent), silentAgentNext(f.Name))
	case status.Refused:
		wrong(status.Registry, "put right what it names")
	case status.State == control.OverlayFenced:
		wrong(cutOff, cutOffNext+", "+agentLog(f.Name))
	case status.State != control.OverlayUp:
		wrong(strings.TrimSuffix(cmp.Or(status.Reason, "no reason given")+"; "+status.Registry, "; "), "put right what it names; see "+log)
	case status.Fault != "":
		wrong(status.Fault, status.Next)
	case !status.Alive:
		wrong(strings.TrimSuffix(unheard+"; "+status.Registry, "; "), "see to the store; see "+log)
	case status.Unheard != "":
		s.Verdict, s.Problem, s.Next = "unknown", status.Unheard, "docs/overlay.md, Firewalls, has what to open; hosts that answer no pings count as well"
	case status.Registry != "":
		s.Problem, s.Next = status.Registry, "see to the store; until it is back the network stays as it is"
	case f.Down != "":
		s.Problem, s.Next = downNote(f.Down), "remove that file"
	}
	return s
}
