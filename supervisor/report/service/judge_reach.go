package service

import (
	"fmt"
	"net/netip"
	"strings"

	"rundock/internal/control"
	"rundock/supervisor/report"
	"rundock/supervisor/report/network"
)

// judgeReach is about other hosts. The sidecar's checks are made on this one,
// and so see no cut between hosts: what else this host knows of one is told,
// and what it cannot know.
func judgeReach(r *report.Part, h hostFacts, s serviceFacts) {
	if !s.Enabled || !s.Announced || s.SidecarStatus.State != control.Announced || !s.SidecarAlive {
		return
	}
	for _, n := range s.Networks {
		judgeOverlay(r, s, n)
	}
	if h.Filter != "" {
		r.Note("containers of this host may not reach ports of it: %s", h.Filter)
	}
	if !s.Deep || len(s.SidecarStatus.Records) == 0 {
		return
	}
	judgeOthers(r, s)
	at := s.SidecarStatus.Records[0]
	try := fmt.Sprintf("timeout 3 bash -c '</dev/tcp/%s/%d'", at.Host, at.Port)
	if at.Port == 0 {
		try = "ping -c 1 " + at.Host
	}
	if networkOf(s, at.Host) != "" {
		try = "rundockd overlay explain " + at.Host
	}
	r.Note("whether other hosts reach %s is not known here: its checks are made on this host, and its record tells that this host reaches %s. To see it, on another host: %s", wantedAt(at), h.storeName(), try)
}

// judgeOverlay is about an overlay network that the container is in.
func judgeOverlay(r *report.Part, s serviceFacts, n network.Status) {
	// Else other hosts are sent elsewhere, and the container alone is cut off.
	announced := false
	for _, record := range s.SidecarStatus.Records {
		announced = announced || networkOf(s, record.Host) == n.Name
	}
	text := "network " + n.Name + ": " + n.Problem
	next := n.Next + "; rundockd overlay status " + n.Name
	switch {
	case n.Verdict == "wrong" && announced:
		r.Wrong(text+", so other hosts may not reach it", next)
	case n.Verdict == "wrong":
		r.Note("%s, so it may not reach other hosts there: %s", text, next)
	case !s.Deep:
	case n.Verdict == "unknown" && announced:
		r.Add(report.Unknown, text, next)
	case n.Problem != "":
		r.Note("%s: %s", text, next)
	default:
		r.Fine("network %s is up here, with %s", n.Name, counted(n.Peers, "other host"))
	}
}

// networkOf is the overlay network of this host in which the container has that
// address; "" for none.
func networkOf(s serviceFacts, address string) string {
	a, err := netip.ParseAddr(address)
	for _, n := range s.Networks {
		if has, in := s.Container.Addresses[n.Name]; err == nil && in && has == a {
			return n.Name
		}
	}
	return ""
}

// judgeOthers is about the other instances of the service, as this host is to
// reach them as they are to reach it.
func judgeOthers(r *report.Part, s serviceFacts) {
	var silent []string
	for _, o := range s.Others {
		if o.Failure != "" {
			silent = append(silent, fmt.Sprintf("%s at %s (%s)", o.Name, o.At, o.Failure))
		}
	}
	switch {
	case len(s.Others) == 0:
	case len(silent) == 0:
		r.Fine("%s of the service, asked from here: all answer", counted(len(s.Others), "other instance"))
	default:
		r.Add(report.Unknown, fmt.Sprintf("announced, and silent when asked from here: %s", strings.Join(silent, ", ")),
			"on those hosts: rundockd explain "+othersName(s)+"; if all is well there, they and this one are cut off from each other: ping them, and see to routes and firewalls")
	}
}

// othersName is by what hosts of other instances know them.
func othersName(s serviceFacts) string {
	if s.Stack == "" {
		return s.Name
	}
	return s.Name[:strings.LastIndexByte(s.Name, '-')+1] + s.Others[0].Name
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
