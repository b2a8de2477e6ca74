package network

import (
	"fmt"
	"strings"
	"time"

	"rundock/internal/overlay"
	"rundock/supervisor/report"
)

func judgePath(r *report.Part, f addressFacts) {
	owner, ok := f.owner()
	if !ok || f.here() {
		return
	}
	gateway := overlay.Gateway(owner.Subnet)
	switch {
	case f.taken():
		r.Note("packets to %s stay on this host, whose subnet it was", owner.Subnet)
	case !f.Root:
		r.Add(report.Unknown, "whether packets arrive only root can try", "run it as root")
	case f.Gateway.Answered:
		r.Fine("%s answers from %s, after %s", owner.Host, gateway, f.Gateway.RoundTrip.Round(10*time.Microsecond))
		judgeFull(r, f)
	case f.Underlay.Answered:
		r.Wrong(fmt.Sprintf("%s answers on the underlay, %s, and not in the network, %s: %s", owner.Host, owner.Underlay, gateway, f.Gateway.Failure),
			fmt.Sprintf("on %s: rundockd overlay check %s; and see that no firewall, of either host or between them, drops UDP port %d", owner.Host, f.Network.Name, f.Network.UDPPort()))
	default:
		r.Wrong(fmt.Sprintf("%s does not answer, neither on the underlay, %s (%s), nor in the network", owner.Host, owner.Underlay, f.Underlay.Failure), "see to the host, and to the way to it")
	}
}

func judgeFull(r *report.Part, f addressFacts) {
	mtu, narrow := f.pathMTU()
	switch {
	case f.Full.Answered && narrow:
		r.Note("the path is narrow: packets of %d bytes pass, the network's MTU is %d; the agent has found that out, and no larger ones are sent", mtu, f.AgentStatus.MTU)
	case f.Full.Answered:
		r.Fine("packets of %d bytes, the network's MTU, pass", mtu)
	case f.Full.Sent && narrow:
		r.Wrong(fmt.Sprintf("packets of %d bytes are lost on the way, which is what the agent has found to pass (the network's MTU is %d)", mtu, f.AgentStatus.MTU), narrowNext(f))
	case f.Full.Sent:
		r.Wrong(fmt.Sprintf("packets of %d bytes, the network's MTU, are lost on the way", mtu), narrowNext(f))
	}
}

func narrowNext(f addressFacts) string {
	return "the agent, which looks at each host twice a minute, and at twenty a second where there are more than 600, finds out what does pass, and has no larger ones sent; if this stays, its log says why: " + agentLog(f.Network.Name)
}

func judgeTarget(r *report.Part, f addressFacts) {
	owner, ok := f.owner()
	if !ok {
		return
	}
	own := f.subnet().Addr()
	switch f.Address {
	case own:
		r.Fine("%s is the address of %s itself, with which it speaks to containers of others", f.Address, owner.Host)
		return
	case overlay.Gateway(owner.Subnet):
		r.Fine("%s is the gateway of the containers of %s", f.Address, owner.Host)
		return
	}
	if len(f.Names) > 0 {
		r.Fine("DNS has it as %s", strings.Join(f.Names, ", "))
	} else {
		r.Note("DNS has no name for it")
	}
	found, has := f.Containers[f.Address]
	switch {
	case !f.here():
	case f.DockerTrouble.Failed():
		r.Trouble(f.DockerTrouble, "see to dockerd")
	case has:
		r.Fine("container %s has it", found)
	default:
		r.Wrong("no container of this host has it", "docker ps; a container that was made anew may have another address: ask DNS again")
	}
	switch {
	case !f.Root:
	case f.Target.Answered:
		r.Fine("it answers, after %s", f.Target.RoundTrip.Round(10*time.Microsecond))
	case f.here() && !has || !f.here() && !f.Gateway.Answered:
	case f.here():
		r.Wrong("it does not answer: "+f.Target.Failure, "see to the container, and to what of this host's firewall concerns "+f.Network.Bridge())
	default:
		r.Wrong("it does not answer: "+f.Target.Failure, fmt.Sprintf("on %s: rundockd overlay explain %s; if it answers there, the firewall of %[1]s does not let through what comes by %[3]s for %[4]s",
			owner.Host, f.Address, f.Network.Vxlan(), f.Network.Bridge()))
	}
}
