package report

import (
	"fmt"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/skydns"
)

func judgeAnnouncement(r *report, h hostFacts, s serviceFacts) {
	if !s.Announced {
		if s.Deep {
			r.note("it has no announcement")
		}
		return
	}
	if !s.Enabled {
		judgeLeftRecords(r, h, s)
		return
	}
	if h.Config.is() {
		return // said with the files
	}
	tells := s.Tells
	restart := "rundockd logs " + s.Name + " announce"
	switch {
	case s.TellsTrouble.is():
		r.trouble(s.TellsTrouble, restart)
		return
	case tells.PID == 0 && s.Announcer.Status.PID != 0:
		r.wrong("its status is gone: "+statusFile(s, "announce.json"), "wait 5 s, in which the sidecar writes it anew; else "+restart)
		return
	case tells.PID == 0:
		r.wrong("no sidecar has started since boot", restart)
	case !s.AnnouncerLive:
		r.wrong(fmt.Sprintf("its process %d is gone; it last said: %s", tells.PID, tells.State), restart)
	}
	for _, c := range s.Checks {
		what := "check of port " + c.Port
		switch {
		case c.Skipped != "":
			r.note("%s", join(strings.TrimSuffix(what+": "+c.What, ": "), c.Skipped))
		case c.Failure != "":
			r.wrong(what+": "+c.Failure, "find out why it does not answer there: rundockd logs "+s.Name)
		default:
			r.fine("%s: %s succeeds", what, c.What)
		}
	}
	if h.Registry.is() {
		r.trouble(h.Registry, "on the store's host ("+orNone(strings.Join(h.Endpoints, ", "))+"): sv status dnsd; tail /var/log/dnsd/current")
	}
	if s.AnnouncerLive {
		judgeState(r, h, s)
	}
	judgeRecords(r, h, s)
}

// judgeState is what the sidecar says of itself.
func judgeState(r *report, h hostFacts, s serviceFacts) {
	tells := s.Tells
	since := age(h.Now, tells.Since)
	switch tells.State {
	case control.Announced:
		r.fine("announced for %s", since)
		if tells.Reason != "" {
			r.note("%s", tells.Reason)
		}
	case control.HeldOff:
		r.wrong(fmt.Sprintf("held off for %s: %s", since, tells.Reason), "two hosts have one name, or another program writes this key: give one another name")
	case control.Unreached:
		r.wrong(fmt.Sprintf("not announced for %s, as etcd cannot be reached: %s", since, tells.Reason), "see that etcd runs: "+orNone(strings.Join(h.Endpoints, ", ")))
	case control.Draining, control.Withdrawn:
		r.wrong(join(fmt.Sprintf("%s for %s", tells.State, since), tells.Reason), "it is announced with the next container; for a new one now: sv 1 "+halfOf(h, s, "service"))
	default:
		r.wrong(fmt.Sprintf("not announced for %s: %s", since, tells.Reason), "rundockd logs "+s.Name+" --all")
	}
}

// judgeRecords compares the registry with what the sidecar says.
func judgeRecords(r *report, h hostFacts, s serviceFacts) {
	for i, found := range s.Records {
		says := s.Tells.Records[i]
		announced := s.Tells.State == control.Announced
		value, err := skydns.Parse(found.Value)
		switch mine := found.ID == h.MachineID+"/"+s.Name; {
		case !found.Exists && announced:
			r.wrong("etcd has no "+found.Key+" although the sidecar says it is announced", "rundockd logs "+s.Name+" announce; to have it announced anew: sv hup "+halfOf(h, s, "announce"))
		case !found.Exists:
			if s.Deep {
				r.note("etcd has no %s", found.Key)
			}
		case !mine:
			r.wrong(fmt.Sprintf("etcd has %s from another, %s at %s:%d", found.Key, found.ID, value.Host, value.Port), "find that host (its /etc/machine-id), or remove the key: two hosts have one name")
		case err != nil:
			r.wrong(fmt.Sprintf("etcd has %s with a value that is no record: %v", found.Key, err), "etcdctl get "+found.Key)
		case announced && (value.Host != says.Host || value.Port != says.Port):
			r.wrong(fmt.Sprintf("etcd has %s as %s:%d, not %s:%d", found.Key, value.Host, value.Port, says.Host, says.Port), "somebody wrote that key; to have it written anew: sv hup "+halfOf(h, s, "announce"))
		case found.Lease == "":
			r.note("etcd has %s without a lease: it does not go away by itself", found.Key)
		case s.Deep:
			r.fine("etcd has %s: %s:%d, its lease lasts %s unless renewed", found.Key, value.Host, value.Port, span(found.Left))
		}
	}
}

// judgeLeftRecords: a service that is disabled has none.
func judgeLeftRecords(r *report, h hostFacts, s serviceFacts) {
	for _, found := range s.Records {
		if found.Exists && found.ID == h.MachineID+"/"+s.Name {
			next := "it goes with its lease"
			switch {
			case found.Lease == "":
				next = "it has no lease, and so stays: etcdctl del " + found.Key
			case s.Deep:
				next += ", in " + span(found.Left)
			}
			r.wrong("etcd has "+found.Key+" although the service is disabled", next)
		}
	}
}

func judgeDNS(r *report, h hostFacts, s serviceFacts) {
	announced := s.Enabled && s.Tells.State == control.Announced && s.AnnouncerLive
	for i, a := range s.Answers {
		if a.Failure != "" {
			next := "sv status dnsd; tail /var/log/dnsd/current"
			if a.Failure == "SERVFAIL" {
				next = "dnsd has not read the records yet: see that it reaches etcd, " + next
			}
			r.wrong(fmt.Sprintf("this host's dnsd at %s, asked for %s: %s", ownDNS, a.Name, a.Failure), next)
			return
		}
		own := i < len(s.Tells.Records)
		want := s.Tells.Records[min(i, len(s.Tells.Records)-1)]
		if !own {
			want = s.Tells.Records[0] // of the service's own name
		}
		there := slices.Contains(a.Addresses, want.Host) && slices.Contains(a.Ports, want.Port)
		has := "unknown"
		if len(a.Addresses) > 0 {
			has = fmt.Sprintf("%s port %s", strings.Join(a.Addresses, " "), strings.Trim(fmt.Sprint(a.Ports), "[]"))
		}
		switch {
		case announced && there:
			r.fine("%s is %s", a.Name, has)
		case announced:
			r.wrong(fmt.Sprintf("%s is %s here, want %s port %d", a.Name, has, want.Host, want.Port), "compare dnsd_registry_up and dnsd_stale_seconds in: curl 127.0.0.1:9153/metrics")
		case own && there && h.Registry.is():
			r.note("%s is still %s here: without etcd dnsd answers what it knew", a.Name, has)
		case own && there:
			r.wrong(fmt.Sprintf("%s is still %s here although it is not announced", a.Name, has), "dnsd lags behind etcd: compare dnsd_registry_up and dnsd_stale_seconds in: curl 127.0.0.1:9153/metrics")
		default:
			r.note("%s is %s here", a.Name, has)
		}
	}
	if len(s.Resolvers) > 0 {
		judgeGiven(r, h)
	}
	if len(s.Answers) > 0 && h.Resolver != "127.0.0.1" {
		r.note("programs on this host ask %s, not dnsd: see /etc/resolv.conf", orNone(h.Resolver))
	}
}

// judgeGiven is about dnsd where containers ask it.
func judgeGiven(r *report, h hostFacts) {
	for _, g := range h.Given {
		if g.Failure != "" {
			r.wrong(fmt.Sprintf("this host's dnsd at %s, which containers ask: %s", g.Address, g.Failure), "sv hup dnsd, which has it listen at the addresses that the host has now; tail /var/log/dnsd/current")
		}
	}
}
