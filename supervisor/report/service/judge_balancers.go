package service

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/cutover"
	"rundock/supervisor/report"
)

// balancersLag is for how long after an announcement a load balancer may not have
// looked at the instance yet: it is told, checks it, and tells the store.
const balancersLag = 5 * time.Second

// judgeBalancers is about the load balancers that have the service: whether they
// give this instance requests, and why not.
func judgeBalancers(r *report.Part, h hostFacts, s serviceFacts) {
	if !s.Enabled || len(s.SidecarStatus.Records) == 0 {
		return
	}
	for _, b := range s.Balancers {
		look := "on " + b.Host + ": rundockd balance status"
		if b.Ack == nil {
			r.Wrong(b.Host+" is a load balancer of it and says nothing: it, its rundockd balance or its store is away", look)
			continue
		}
		found := false
		for _, record := range s.SidecarStatus.Records {
			address, err := netip.ParseAddr(record.Host)
			if err != nil {
				continue
			}
			at := netip.AddrPortFrom(address, uint16(record.Port)).String()
			if status, ok := b.Ack.Servers[at]; ok {
				judgeServer(r, h, s, b, at, status)
				found = true
			}
		}
		record := s.SidecarStatus.Records[0]
		switch {
		case found:
		case s.SidecarStatus.State != control.Announced:
			r.Note("%s has no server for it, as it is not announced", b.Host)
		case h.Now.Sub(s.SidecarStatus.Since) < balancersLag:
			r.Note("%s has no server for it yet", b.Host)
		default:
			r.Wrong(fmt.Sprintf("%s has no server for %s:%d", b.Host, record.Host, record.Port), look)
		}
	}
}

// judgeServer is about the server that a load balancer has for the instance.
func judgeServer(r *report.Part, h hostFacts, s serviceFacts, b balancerFacts, at, status string) {
	colour := s.SidecarStatus.Colour
	switch {
	case status == "UP" && b.Ack.Colour == colour:
		r.Fine("%s has it in rotation: %s is UP", b.Host, at)
	case status == "UP" && b.Ack.Colour == "":
		r.Note("%s has %s UP, and no colour has the traffic there yet", b.Host, at)
	case status == "UP":
		r.Fine("%s has it ready: %s is UP, and %s has the traffic", b.Host, at, withoutColour(b.Ack.Colour))
	case s.SidecarStatus.State != control.Announced:
		r.Note("%s does not have it in rotation, as it is not announced: %s is %s", b.Host, at, status)
	case strings.HasPrefix(status, "UP ") || strings.HasPrefix(status, "DRAIN") || h.Now.Sub(s.SidecarStatus.Since) < balancersLag:
		r.Note("%s does not have it in rotation yet: %s is %s", b.Host, at, status)
	default:
		r.Wrong(fmt.Sprintf("%s does not have it in rotation: %s is %s", b.Host, at, status), "find out why its check fails from there (rundock_loadbalancer_services has the check): rundockd logs "+s.Name)
	}
}

// withoutColour is what has the traffic, for people.
func withoutColour(colour string) string {
	if cutover.IsColour(colour) {
		return colour
	}
	return "what has no colour"
}
