package report

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/overlaydir"
)

// netStory is what `rundockd overlay explain --json` prints. Its field
// names stay.
type netStory struct {
	Version   int        `json:"version"`
	Host      string     `json:"host"`
	Time      time.Time  `json:"time"`
	Address   netip.Addr `json:"address"`
	Network   string     `json:"network"`
	Peer      *peerStory `json:"peer,omitempty"`      // the host that has the address
	Container string     `json:"container,omitempty"` // known on its own host alone
	Names     []string   `json:"names,omitempty"`     // that DNS has for the address
	Verdict   string     `json:"verdict"`             // ok, unknown, wrong
	Findings  []finding  `json:"findings"`            // in the order of cause and effect
	Wrong     *finding   `json:"wrong,omitempty"`     // the first that is wrong
}

type peerStory struct {
	Host     string       `json:"host"` // its underlay address where the registry does not tell
	Subnet   netip.Prefix `json:"subnet"`
	Underlay netip.Addr   `json:"underlay"`
	Alive    bool         `json:"alive"`
	Here     bool         `json:"here"`          // it is this host
	MTU      int          `json:"mtu,omitempty"` // of packets to it
}

// story judges an address. It is pure.
func (f netFacts) story() netStory {
	t := netStory{
		Version: statusVersion, Host: f.Host, Time: f.Now.UTC(), Address: f.Address, Network: f.Network.Name,
		Container: f.Containers[f.Address], Names: f.Names, Verdict: "ok", Findings: judgeNetwork(f),
	}
	if owner, ok := f.owner(); ok {
		mtu, _ := f.pathMTU()
		t.Peer = &peerStory{owner.Host, owner.Subnet, owner.Underlay, owner.Alive, f.here(), mtu}
	}
	if _, ok := first(t.Findings, unknown); ok {
		t.Verdict = "unknown"
	}
	if bad, ok := first(t.Findings, wrong); ok {
		t.Verdict, t.Wrong = "wrong", &bad
	}
	return t
}

// text is the story for people.
func (t netStory) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, seen from %s, %s\n", t.Address, t.Host, stamp(t.Time))
	writeFindings(&b, t.Findings)
	return b.String() + "\n" + lastLine(t.Findings) + "\n"
}

// is reports whether a host is this one. Of two that have its subnet, as when
// it is fenced, the registry tells which machine has it.
func (f netFacts) is(host roster.Standing) bool {
	if host.Subnet != f.Known.Subnet {
		return false
	}
	if host.ID != "" {
		// Another one with this host's machine id may be the one that has it.
		return host.ID == f.Known.Machine && (host.Underlay == f.Known.Underlay.Address || !host.Alive)
	}
	return host.Underlay == f.Known.Underlay.Address
}

// here reports whether the address is of this host's subnet.
func (f netFacts) here() bool {
	owner, ok := f.owner()
	return ok && f.is(owner)
}

// taken reports whether the address is of a subnet that this host has, but
// that is another's: packets to it do not leave this host.
func (f netFacts) taken() bool { return f.subnet() == f.Known.Subnet && !f.here() }

// judgeNetwork tells the story of an address: the network on this host, the
// host that has it, this host's kernel, the path, the container. As in judge,
// the first thing that is wrong is the one to look at.
func judgeNetwork(f netFacts) []finding {
	var all []finding
	for _, part := range []struct {
		name  string
		judge func(*report, netFacts)
	}{{"network", judgeJoined}, {"host", judgeOwner}, {"kernel", judgeKernel}, {"path", judgePath}, {"container", judgeTarget}} {
		r := report{part: part.name}
		part.judge(&r, f)
		all = append(all, r.findings...)
		if f.Place.is() {
			break
		}
	}
	return all
}

func judgeJoined(r *report, f netFacts) {
	name := f.Network.Name
	if f.Place.is() {
		r.trouble(f.Place, "put right what it names, in "+overlay.SettingsDir+" or on the host")
		return
	}
	if f.Known.Subnet.IsValid() {
		r.fine("%s: %s in parts of /%d, of which this host has %s", name, f.Network.CIDR, f.Network.SubnetLength, f.Known.Subnet)
	} else {
		r.wrong(name+": this host has no subnet yet", "rundockd overlay status "+name)
	}
	switch {
	case f.Unsaid.is():
		r.add(unknown, f.Unsaid.Text, unsaidNext(f.Unsaid, name))
	case !f.Lives:
		r.wrong("no agent keeps the network on this host", "sv up overlay-"+name)
	case f.Silent != 0:
		r.wrong(silentAgent(f.Says.PID, f.Silent), silentAgentNext(name))
	case f.Says.Refused:
		r.wrong(f.Says.Registry, "put right what it names")
	case f.Says.State == control.OverlayFenced:
		r.wrong(cutOff, cutOffNext)
	case f.Says.State != control.OverlayUp:
		r.wrong(fmt.Sprintf("the agent is %s: %s", f.Says.State, f.Says.Reason), "put right what it names")
	default:
		r.fine("the agent, process %d, keeps it; other hosts: %d", f.Says.PID, f.Says.Peers)
	}
	if f.Lives && f.Says.State == control.OverlayUp && !f.Says.Alive && !f.Static {
		r.wrong(unheard, "rundockd overlay status "+name)
	}
	if f.Registry.is() {
		r.add(unknown, "which hosts there are, the registry does not tell: "+f.Registry.Text, "see to the registry; until then what the agent knew last is taken for true")
	}
}

func judgeOwner(r *report, f netFacts) {
	owner, ok := f.owner()
	switch {
	case !ok:
		r.wrong(fmt.Sprintf("no host has %s, which %s is in", f.subnet(), f.Address), "it is an old address, or of a host that has left: ask DNS again")
		return
	case f.here():
		r.fine("this host has %s", owner.Subnet)
	default:
		r.fine("%s has %s, behind %s", owner.Host, owner.Subnet, owner.Underlay)
	}
	known := f.here() || f.Static
	for _, p := range f.Known.Peers {
		known = known || p.Subnet == owner.Subnet && p.Underlay == owner.Underlay
	}
	status := "on " + owner.Host + ": rundockd overlay status " + f.Network.Name
	switch {
	case owner.Alive:
	case owner.Stopped:
		r.wrong(owner.Host+" has left for now: its agent was stopped", status)
	case known && !f.here() && f.Lives:
		r.note("%s has not told the registry for a lease's time that it is alive; it answers in the network, and is kept while it does: %s", owner.Host, status)
	default:
		r.wrong(owner.Host+" is not alive: its agent has not said so for a lease's time", status)
	}
	if owner.Alive && !known {
		r.wrong("this host's agent does not know of it", "rundockd overlay status "+f.Network.Name+"; the agent's log says why it does not follow the registry")
	}
}

func judgeKernel(r *report, f netFacts) {
	check := "rundockd overlay check " + f.Network.Name
	switch {
	case f.Kernel.is():
		r.trouble(f.Kernel, check)
	case len(f.Left) > 0:
		r.wrong(fmt.Sprintf("the kernel of this host does not hold what it should; commands left to do: %d", len(f.Left)), "the agent does them; if they stay, its log says why: "+check, f.Left[:min(len(f.Left), 10)]...)
	default:
		r.fine("the kernel of this host holds what it should")
	}
	if f.Says.Fault != "" {
		r.wrong(f.Says.Fault, f.Says.Next)
	}
}

func judgePath(r *report, f netFacts) {
	owner, ok := f.owner()
	if !ok || f.here() {
		return
	}
	gateway := overlay.Gateway(owner.Subnet)
	switch {
	case f.taken():
		r.note("packets to %s stay on this host, whose subnet it was", owner.Subnet)
	case !f.Root:
		r.add(unknown, "whether packets arrive only root can try", "run it as root")
	case f.Gateway.Back:
		r.fine("%s answers from %s, after %s", owner.Host, gateway, f.Gateway.After.Round(10*time.Microsecond))
		judgeFull(r, f)
	case f.Underlay.Back:
		r.wrong(fmt.Sprintf("%s answers on the underlay, %s, and not in the network, %s: %s", owner.Host, owner.Underlay, gateway, f.Gateway.Failure),
			fmt.Sprintf("on %s: rundockd overlay check %s; and see that no firewall, of either host or between them, drops UDP port %d", owner.Host, f.Network.Name, f.Network.UDPPort()))
	default:
		r.wrong(fmt.Sprintf("%s does not answer, neither on the underlay, %s (%s), nor in the network", owner.Host, owner.Underlay, f.Underlay.Failure), "see to the host, and to the way to it")
	}
}

func judgeFull(r *report, f netFacts) {
	mtu, narrow := f.pathMTU()
	switch {
	case f.Full.Back && narrow:
		r.note("the path is narrow: packets of %d bytes pass, the network's MTU is %d; the agent has found that out, and no larger ones are sent", mtu, f.Says.MTU)
	case f.Full.Back:
		r.fine("packets of %d bytes, the network's MTU, pass", mtu)
	case f.Full.Sent && narrow:
		r.wrong(fmt.Sprintf("packets of %d bytes are lost on the way, which is what the agent has found to pass (the network's MTU is %d)", mtu, f.Says.MTU), narrowNext(f))
	case f.Full.Sent:
		r.wrong(fmt.Sprintf("packets of %d bytes, the network's MTU, are lost on the way", mtu), narrowNext(f))
	}
}

func narrowNext(f netFacts) string {
	return "the agent, which looks at each host twice a minute, and at twenty a second where there are more than 600, finds out what does pass, and has no larger ones sent; if this stays, its log says why: " + agentLog(f.Network.Name)
}

func judgeTarget(r *report, f netFacts) {
	owner, ok := f.owner()
	if !ok {
		return
	}
	own := f.subnet().Addr()
	switch f.Address {
	case own:
		r.fine("%s is the address of %s itself, with which it speaks to containers of others", f.Address, owner.Host)
		return
	case overlay.Gateway(owner.Subnet):
		r.fine("%s is the gateway of the containers of %s", f.Address, owner.Host)
		return
	}
	if len(f.Names) > 0 {
		r.fine("DNS has it as %s", strings.Join(f.Names, ", "))
	} else {
		r.note("DNS has no name for it")
	}
	found, has := f.Containers[f.Address]
	switch {
	case !f.here():
	case f.Docker.is():
		r.trouble(f.Docker, "see to dockerd")
	case has:
		r.fine("container %s has it", found)
	default:
		r.wrong("no container of this host has it", "docker ps; a container that was made anew may have another address: ask DNS again")
	}
	switch {
	case !f.Root:
	case f.Target.Back:
		r.fine("it answers, after %s", f.Target.After.Round(10*time.Microsecond))
	case f.here() && !has || !f.here() && !f.Gateway.Back:
	case f.here():
		r.wrong("it does not answer: "+f.Target.Failure, "see to the container, and to what of this host's firewall concerns "+f.Network.Bridge())
	default:
		r.wrong("it does not answer: "+f.Target.Failure, fmt.Sprintf("on %s: rundockd overlay explain %s; if it answers there, the firewall of %[1]s does not let through what comes by %[3]s for %[4]s",
			owner.Host, f.Address, f.Network.Vxlan(), f.Network.Bridge()))
	}
}

func agentLog(network string) string { return overlaydir.LogDir(network) + "/current" }
