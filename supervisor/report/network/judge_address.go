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
	}{{"network", judgeJoined}, {"host", judgeOwner}, {"kernel", judgeKernel}, {"path", judgePath}, {"container", judgeTarget}} {
		r := report.Part{Name: part.name}
		part.judge(&r, f)
		all = append(all, r.Findings...)
		if f.Place.Failed() {
			break
		}
	}
	return all
}

func judgeJoined(r *report.Part, f addressFacts) {
	name := f.Network.Name
	if f.Place.Failed() {
		r.Trouble(f.Place, "put right what it names, in "+overlay.SettingsDir+" or on the host")
		return
	}
	if f.Known.Subnet.IsValid() {
		r.Fine("%s: %s in parts of /%d, of which this host has %s", name, f.Network.CIDR, f.Network.SubnetLength, f.Known.Subnet)
	} else {
		r.Wrong(name+": this host has no subnet yet", "rundockd overlay status "+name)
	}
	switch {
	case f.Unsaid.Failed():
		r.Add(report.Unknown, f.Unsaid.Text, unsaidNext(f.Unsaid, name))
	case !f.Lives:
		r.Wrong("no agent keeps the network on this host", "sv up overlay-"+name)
	case f.Silent != 0:
		r.Wrong(silentAgent(f.Says.PID, f.Silent), silentAgentNext(name))
	case f.Says.Refused:
		r.Wrong(f.Says.Registry, "put right what it names")
	case f.Says.State == control.OverlayFenced:
		r.Wrong(cutOff, cutOffNext)
	case f.Says.State != control.OverlayUp:
		r.Wrong(fmt.Sprintf("the agent is %s: %s", f.Says.State, f.Says.Reason), "put right what it names")
	default:
		r.Fine("the agent, process %d, keeps it; other hosts: %d", f.Says.PID, f.Says.Peers)
	}
	if f.Lives && f.Says.State == control.OverlayUp && !f.Says.Alive && !f.Static {
		r.Wrong(unheard, "rundockd overlay status "+name)
	}
	if f.Registry.Failed() {
		r.Add(report.Unknown, "which hosts there are, the registry does not tell: "+f.Registry.Text, "see to the registry; until then what the agent knew last is taken for true")
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
	for _, p := range f.Known.Peers {
		known = known || p.Subnet == owner.Subnet && p.Underlay == owner.Underlay
	}
	status := "on " + owner.Host + ": rundockd overlay status " + f.Network.Name
	switch {
	case owner.Alive:
	case owner.Stopped:
		r.Wrong(owner.Host+" has left for now: its agent was stopped", status)
	case known && !f.here() && f.Lives:
		r.Note("%s has not told the registry for a lease's time that it is alive; it answers in the network, and is kept while it does: %s", owner.Host, status)
	default:
		r.Wrong(owner.Host+" is not alive: its agent has not said so for a lease's time", status)
	}
	if owner.Alive && !known {
		r.Wrong("this host's agent does not know of it", "rundockd overlay status "+f.Network.Name+"; the agent's log says why it does not follow the registry")
	}
}

func judgeKernel(r *report.Part, f addressFacts) {
	check := "rundockd overlay check " + f.Network.Name
	switch {
	case f.Kernel.Failed():
		r.Trouble(f.Kernel, check)
	case len(f.Left) > 0:
		r.Wrong(fmt.Sprintf("the kernel of this host does not hold what it should; commands left to do: %d", len(f.Left)), "the agent does them; if they stay, its log says why: "+check, f.Left[:min(len(f.Left), 10)]...)
	default:
		r.Fine("the kernel of this host holds what it should")
	}
	if f.Says.Fault != "" {
		r.Wrong(f.Says.Fault, f.Says.Next)
	}
}
