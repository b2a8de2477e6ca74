package cluster

import (
	"fmt"
	"slices"
	"strings"
)

// A Host is to keep a member of the cluster.
type Host struct {
	Name  string
	Peer  string // URL at which other members are to reach it
	Empty bool   // it was seen to have no data: a member of it that does not answer is gone for good
}

// A member is one etcd of the cluster, as it is.
type member struct {
	id      uint64
	name    string // for people; "" until it was started once
	host    string // of the wanted host that it is on; "" none
	peer    string // URL at which other members reach it
	learner bool
	answers bool // and knows a leader
}

type kind int

const (
	done    kind = iota
	add          // a learner, for host
	promote      // member, which is a learner
	move         // member, to another URL for peers
	remove       // member
	await        // member, until it answers
	refuse       // to do anything, for a reason
)

// A step is the next thing to do.
type step struct {
	kind   kind
	host   Host
	member member
	reason string // of a removal, a wait or a refusal
	final  bool   // a refusal that no waiting changes
}

// plan returns the next step from the members that there are to one on each of
// the wanted hosts. No step takes the majority from members that answer, and
// there is one learner at most. Members on wanted hosts that do not answer and
// still have data are left alone.
//
// What is gone is removed before others are added, as a dead member counts
// when the majority is reckoned; what is there and not wanted goes last.
func plan(members []member, wanted []Host) step {
	if at := slices.IndexFunc(members, func(m member) bool { return m.learner }); at >= 0 {
		return planLearner(members[at], wanted)
	}
	if silent := silentOf(members); len(members)-len(silent) < majority(len(members)) {
		return step{kind: refuse, reason: fmt.Sprintf("%d of %d members do not answer: %s; without a majority nothing is changed", len(silent), len(members), names(silent))}
	}
	for _, m := range members {
		if h, ok := hostOf(m, wanted); ok && m.answers && m.peer != h.Peer && len(members)+len(wanted) > 2 {
			return step{kind: move, member: m, host: h}
		}
	}
	if s, ok := planRemoval(members, wanted, false); ok {
		return s
	}
	for _, h := range wanted {
		if !slices.ContainsFunc(members, func(m member) bool { return m.host == h.Name }) {
			if answering(members)+1 < majority(len(members)+1) {
				return step{kind: refuse, reason: fmt.Sprintf("with %s as another member there would be no majority while %s does not answer", h.Name, names(silentOf(members)))}
			}
			return step{kind: add, host: h}
		}
	}
	if s, ok := planRemoval(members, wanted, true); ok {
		return s
	}
	return step{kind: done}
}

// planLearner is the next step where there is a learner: it becomes a member,
// or goes where it cannot.
func planLearner(m member, wanted []Host) step {
	h, ok := hostOf(m, wanted)
	switch {
	case !ok:
		return step{kind: remove, member: m, reason: "its host is not to keep etcd"}
	case m.answers:
		return step{kind: promote, member: m}
	case h.Empty && m.name != "":
		return step{kind: remove, member: m, reason: "its data are gone"}
	default:
		return step{kind: await, member: m, host: h, reason: "does not answer"}
	}
}

// planRemoval is the removal of a member that is gone for good, or with alive set
// of one that answers and is not wanted.
func planRemoval(members []member, wanted []Host, alive bool) (step, bool) {
	for _, m := range members {
		h, ok := hostOf(m, wanted)
		if m.answers != alive || ok && (m.answers || !h.Empty) {
			continue
		}
		left, answer := len(members)-1, answering(members)
		if m.answers {
			answer--
		}
		if answer < majority(left) {
			return step{kind: refuse, reason: fmt.Sprintf("without %s there would be no majority, as %s", m.said(), names(silentOf(members))+" does not answer")}, true
		}
		reason := "its host is not to keep etcd"
		if ok {
			reason = "its data are gone"
		}
		return step{kind: remove, member: m, reason: reason}, true
	}
	return step{}, false
}

// planLeaving is the removal of the member of a host that is to keep none, or why that
// cannot be.
func planLeaving(members []member, host string) step {
	at := slices.IndexFunc(members, func(m member) bool { return m.name == host })
	if at < 0 {
		return step{kind: done}
	}
	m := members[at]
	if m.learner {
		return step{kind: remove, member: m, reason: "its host leaves"}
	}
	voters := slices.DeleteFunc(slices.Clone(members), func(m member) bool { return m.learner })
	answer := answering(voters)
	if m.answers {
		answer--
	}
	switch left := len(voters) - 1; {
	case left == 0:
		return step{kind: refuse, final: true, reason: fmt.Sprintf("%s is the only member, and has all records: have another host keep etcd before", host)}
	case answer < majority(left):
		return step{kind: refuse, reason: fmt.Sprintf("without %s there would be no majority, as of the others %d of %d answer", host, answer, left)}
	}
	return step{kind: remove, member: m, reason: "its host leaves"}
}

func hostOf(m member, wanted []Host) (Host, bool) {
	at := slices.IndexFunc(wanted, func(h Host) bool { return h.Name == m.host })
	if at < 0 {
		return Host{}, false
	}
	return wanted[at], true
}

func majority(members int) int { return members/2 + 1 }

func answering(members []member) int { return len(members) - len(silentOf(members)) }

// silentOf are those that have a vote and do not answer.
func silentOf(members []member) (silent []member) {
	for _, m := range members {
		if !m.answers && !m.learner {
			silent = append(silent, m)
		}
	}
	return silent
}

// said is how a person knows a member.
func (m member) said() string {
	switch {
	case m.host != "":
		return m.host
	case m.name != "":
		return m.name + " (" + m.peer + ")"
	}
	return m.peer
}

func names(members []member) string {
	var all []string
	for _, m := range members {
		all = append(all, m.said())
	}
	return strings.Join(all, ", ")
}

// CheckSize refuses a number of members that is worse than one less: two of
// two, or three of four, are a majority, so that either has one member more to fail
// and tolerates no more failures.
func CheckSize(members int) error {
	switch members {
	case 1, 3, 5:
		return nil
	case 0:
		return fmt.Errorf("no member is wanted: want 1, 3 or 5")
	case 2, 4:
		return fmt.Errorf("%d members tolerate the loss of no more than %d do: want 1, 3 or 5", members, members-1)
	}
	return fmt.Errorf("%d members write more slowly than five, for no need: want 1, 3 or 5", members)
}
