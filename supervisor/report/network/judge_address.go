package network

import (
	"fmt"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor/report"
)

// story judges an address. It is pure.
func (f addressFacts) story() story {
	t := story{
		Version: report.Version, Host: f.Host, Time: f.Now.UTC(), Address: f.Address, Network: f.Network.Name,
		Container: f.Containers[f.Address], Names: f.Names, Findings: judgeAddress(f),
	}
	t.Verdict = report.Verdict(t.Findings)
	if owner, ok := f.owner(); ok {
		mtu, _ := f.pathMTU()
		t.Peer = &ownerStory{owner.Host, owner.Subnet, owner.Underlay, owner.Alive, f.here(), mtu}
	}
	if bad, ok := report.First(t.Findings, report.Wrong); ok {
		t.Wrong = &bad
	}
	return t
}

// judgeAddress tells the story of an address: the network on this host, the
// host that has it, this host's kernel, the path, the container. As in judge,
// the first thing that is wrong is the one to look at.
func judgeAddress(f addressFacts) []report.Finding {
	var all []report.Finding
	for _, part := range []struct {
		name  string
		judge func(*report.Part, addressFacts)
	}{{"network", judgeMembership}, {"host", judgeOwner}, {"kernel", judgeKernel}, {"path", judgePath}, {"container", judgeTarget}} {
		r := report.Part{Name: part.name}
		part.judge(&r, f)
		all = append(all, r.Findings...)
		if f.OwnTrouble.Failed() {
			break
		}
	}
	return all
}

func judgeMembership(r *report.Part, f addressFacts) {
	name := f.Network.Name
	if f.OwnTrouble.Failed() {
		r.Trouble(f.OwnTrouble, "put right what it names, in "+overlay.SettingsDir+" or on the host")
		return
	}
	if f.Own.Subnet.IsValid() {
		r.Fine("%s: %s in parts of /%d, of which this host has %s", name, f.Network.CIDR, f.Network.SubnetLength, f.Own.Subnet)
	} else {
		r.Wrong(name+": this host has no subnet yet", "rundockd overlay status "+name)
	}
	if lost := overlay.LostSettings(name, f.Own.Settings); f.Own.Lost {
		r.Wrong(lost.What, lost.Next)
	}
	switch {
	case f.StatusTrouble.Failed():
		r.Add(report.Unknown, f.StatusTrouble.Text, unsaidNext(f.StatusTrouble, name))
	case !f.AgentAlive && f.Down != "":
		r.Wrong(downProblem(f.Down), downNext(name))
	case !f.AgentAlive:
		r.Wrong("no agent keeps the network on this host", "sv up overlay-"+name)
	case f.Silent != 0:
		r.Wrong(silentAgent(f.AgentStatus.PID, f.Silent), silentAgentNext(name))
	case f.AgentStatus.Refused:
		r.Wrong(f.AgentStatus.Registry, "put right what it names")
	case f.AgentStatus.State == control.OverlayFenced:
		r.Wrong(cutOff, cutOffNext)
	case f.AgentStatus.State != control.OverlayUp:
		r.Wrong(fmt.Sprintf("the agent is %s: %s", f.AgentStatus.State, f.AgentStatus.Reason), "put right what it names")
	default:
		r.Fine("the agent, process %d, keeps it; other hosts: %d", f.AgentStatus.PID, f.AgentStatus.Peers)
	}
	if f.AgentAlive && f.Down != "" {
		r.Note("%s", downNote(f.Down))
	}
	if f.AgentAlive && f.AgentStatus.State == control.OverlayUp && !f.AgentStatus.Alive && !f.Static {
		r.Wrong(unheard, "rundockd overlay status "+name)
	}
	if f.StoreTrouble.Failed() {
		r.Add(report.Unknown, "which hosts there are, the store does not tell: "+f.StoreTrouble.Text, "see to the store; until then what the agent knew last is taken for true")
	}
}

func judgeOwner(r *report.Part, f addressFacts) {
	owner, ok := f.owner()
	switch {
	case !ok:
		r.Wrong(fmt.Sprintf("no host has %s, which %s is in", f.subnet(), f.Address), "it is an old address, or of a host that has left: ask DNS again")
		return
	case f.here():
		r.Fine("this host has %s", owner.Subnet)
	default:
		r.Fine("%s has %s, behind %s", owner.Host, owner.Subnet, owner.Underlay)
	}
	known := f.here() || f.Static
	for _, p := range f.Own.Peers {
		known = known || p.Subnet == owner.Subnet && p.Underlay == owner.Underlay
	}
	status := "on " + owner.Host + ": rundockd overlay status " + f.Network.Name
	switch {
	case owner.Alive:
	case owner.Stopped:
		r.Wrong(owner.Host+" has left for now: its agent was stopped", status)
	case known && !f.here() && f.AgentAlive:
		r.Note("%s has not told the store for a lease's time that it is alive; it answers in the network, and is kept while it does: %s", owner.Host, status)
	default:
		r.Wrong(owner.Host+" is not alive: its agent has not said so for a lease's time", status)
	}
	if owner.Alive && !known {
		r.Wrong("this host's agent does not know of it", "rundockd overlay status "+f.Network.Name+"; the agent's log says why it does not follow the store")
	}
}

func judgeKernel(r *report.Part, f addressFacts) {
	check := "rundockd overlay check " + f.Network.Name
	switch {
	case f.KernelTrouble.Failed():
		r.Trouble(f.KernelTrouble, check)
	case len(f.KernelDiff) > 0:
		r.Wrong(fmt.Sprintf("the kernel of this host does not hold what it should; commands left to do: %d", len(f.KernelDiff)), "the agent does them; if they stay, its log says why: "+check, f.KernelDiff[:min(len(f.KernelDiff), 10)]...)
	default:
		r.Fine("the kernel of this host holds what it should")
	}
	if f.AgentStatus.Fault != "" {
		r.Wrong(f.AgentStatus.Fault, f.AgentStatus.Next)
	}
}
