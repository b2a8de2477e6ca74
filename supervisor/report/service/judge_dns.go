package service

import (
	"fmt"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

func judgeDNS(r *report.Part, h hostFacts, s serviceFacts) {
	announced := s.Enabled && s.SidecarStatus.State == control.Announced && s.SidecarAlive
	for i, a := range s.Answers {
		if a.Failure != "" {
			next := "sv status dnsd; tail /var/log/dnsd/current"
			if a.Failure == "SERVFAIL" {
				next = "dnsd has not read the records yet: see that it reaches " + h.storeName() + ", " + next
			}
			r.Wrong(fmt.Sprintf("this host's dnsd at %s, asked for %s: %s", report.OwnDNS, a.Name, a.Failure), next)
			return
		}
		own := i < len(s.SidecarStatus.Records)
		want := s.SidecarStatus.Records[min(i, len(s.SidecarStatus.Records)-1)]
		if !own {
			want = s.SidecarStatus.Records[0] // of the service's own name
		}
		there := slices.Contains(a.Addresses, want.Host) && (want.Port == 0 || slices.Contains(a.Ports, want.Port))
		has := "unknown"
		if len(a.Addresses) > 0 {
			has = strings.Join(a.Addresses, " ")
		}
		if len(a.Addresses) > 0 && len(a.Ports) > 0 {
			has += " port " + strings.Trim(fmt.Sprint(a.Ports), "[]")
		}
		switch {
		case !own && s.SidecarStatus.Idle() && !there:
			r.Fine("%s is %s, of the active colour", a.Name, has)
		case !own && announced && s.SidecarStatus.Idle():
			r.Wrong(fmt.Sprintf("%s is %s here, and the idle colour among them", a.Name, has), "dnsd lags behind the store: compare dnsd_registry_up and dnsd_stale_seconds in: curl 127.0.0.1:9153/metrics")
		case announced && there:
			r.Fine("%s is %s", a.Name, has)
		case announced:
			r.Wrong(fmt.Sprintf("%s is %s here, want %s", a.Name, has, wantedAt(want)), "compare dnsd_registry_up and dnsd_stale_seconds in: curl 127.0.0.1:9153/metrics")
		case own && there && h.Store.Failed():
			r.Note("%s is still %s here: without %s dnsd answers what it knew", a.Name, has, h.storeName())
		case own && there:
			r.Wrong(fmt.Sprintf("%s is still %s here although it is not announced", a.Name, has), "dnsd lags behind "+h.storeName()+": compare dnsd_registry_up and dnsd_stale_seconds in: curl 127.0.0.1:9153/metrics")
		default:
			r.Note("%s is %s here", a.Name, has)
		}
	}
	if len(s.Resolvers) > 0 {
		judgeHostResolvers(r, h)
	}
	if len(s.Answers) > 0 && h.Resolver != "127.0.0.1" {
		r.Note("programs on this host ask %s, not dnsd: see /etc/resolv.conf", orNone(h.Resolver))
	}
}

// wantedAt is where a record leads to, in the words of an answer.
func wantedAt(r control.Record) string {
	if r.Port == 0 {
		return r.Host
	}
	return fmt.Sprintf("%s port %d", r.Host, r.Port)
}

// judgeHostResolvers is about dnsd where containers ask it.
func judgeHostResolvers(r *report.Part, h hostFacts) {
	for _, g := range h.Resolvers {
		if g.Failure != "" {
			r.Wrong(fmt.Sprintf("this host's dnsd at %s, which containers ask: %s", g.Address, g.Failure), "sv hup dnsd, which has it listen at the addresses that the host has now; tail /var/log/dnsd/current")
		}
	}
}
