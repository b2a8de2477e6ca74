package cluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// read makes members of words such as "a b! c? learner:d x*": a and b answer
// (b has another peer URL than wanted), c does not, d is a learner, x was never
// started. Those whose first letter is a to e are on the host of that name, if that is
// wanted.
func read(text string, wanted []Host) (members []member) {
	for i, word := range strings.Fields(text) {
		name, learner := strings.CutPrefix(word, "learner:")
		m := member{id: uint64(i + 1), learner: learner, answers: !strings.ContainsAny(name, "?*")}
		host := strings.TrimRight(name, "!?*")
		if m.peer = "http://" + host; strings.Contains(name, "!") {
			m.peer = "http://localhost"
		}
		if m.name = host; strings.Contains(name, "*") {
			m.name = ""
		}
		for _, h := range wanted {
			if h.Name == host {
				m.host = host
			}
		}
		members = append(members, m)
	}
	return members
}

// hosts makes hosts of words: "a b-" are a, and b, which is empty.
func hosts(text string) (wanted []Host) {
	for _, word := range strings.Fields(text) {
		name, empty := strings.CutSuffix(word, "-")
		wanted = append(wanted, Host{Name: name, Peer: "http://" + name, Empty: empty})
	}
	return wanted
}

func (s step) String() string {
	what := []string{"done", "add", "promote", "move", "remove", "await", "refuse"}[s.kind]
	switch s.kind {
	case add:
		return what + " " + s.host.Name
	case promote, move, remove, await:
		return what + " " + s.member.name
	case refuse:
		return what + ": " + s.reason
	}
	return what
}

func TestPlan(t *testing.T) {
	for _, c := range []struct{ what, members, wanted, want string }{
		{"one is one", "a", "a", "done"},
		{"a lone member needs no URL for peers", "a!", "a", "done"},
		{"one grows: first its URL is told", "a!", "a b- c-", "move a"},
		{"then another is added", "a", "a b- c-", "add b"},
		{"which is waited for until it is started", "a learner:b*", "a b- c-", "await "},
		{"and has its vote when it answers", "a learner:b", "a b- c-", "promote b"},
		{"then the third one", "a b", "a b c-", "add c"},
		{"three are three", "a b c", "a b c", "done"},
		{"a member that is away stays", "a b c?", "a b c", "done"},
		{"a member whose data are gone goes", "a b c?", "a b c-", "remove c"},
		{"and comes anew", "a b", "a b c-", "add c"},
		{"data that were gone when the play began and are there now are a member's", "a b c", "a b c-", "done"},
		{"a dead host is replaced: it goes first", "a b c?", "a b d-", "remove c"},
		{"an old member that answers goes last", "a b c", "a b d-", "add d"},
		{"and then goes", "a b c d", "a b d", "remove c"},
		{"three shrink to one", "a b c", "a", "remove b"},
		{"down to the one", "a b", "a", "remove b"},
		{"a site moves to another host", "a", "b-", "add b"},
		{"and leaves the first one", "a b", "b", "remove a"},
		{"two of three away", "a b? c?", "a b c", "refuse: 2 of 3 members do not answer: b, c; without a majority nothing is changed"},
		{"two of three away for good", "a b? c?", "a b- c-", "refuse: 2 of 3 members do not answer: b, c; without a majority nothing is changed"},
		{"three grow with one away: four of five will answer", "a b c?", "a b c d- e-", "add d"},
		{"shrinking may not leave the one that is away", "a b? c", "a b c?", "done"},
		{"a majority that answers is not taken", "a b? c", "b", "refuse: without a (http://a) there would be no majority, as b does not answer"},
		{"a learner whose data are gone goes", "a learner:b?", "a b- c-", "remove b"},
		{"a learner of a host that is not wanted goes", "a b learner:d?", "a b c", "remove d"},
		{"a learner that is away is waited for", "a learner:b?", "a b c-", "await b"},
	} {
		wanted := hosts(strings.ReplaceAll(c.wanted, "?", ""))
		if got := fmt.Sprint(plan(read(c.members, wanted), wanted)); got != c.want {
			t.Errorf("%s: plan(%q, %q) = %q, want %q", c.what, c.members, c.wanted, got, c.want)
		}
	}
}

// TestPlan_never_takes_the_majority follows plans from random clusters to their
// end: after each step those that answer are a majority, and the end comes.
func TestPlan_never_takes_the_majority(t *testing.T) {
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 14))
		letters := []string{"a", "b", "c", "d", "e"}
		r.Shuffle(5, func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
		var wantedText []string
		for _, l := range letters[:[]int{1, 3, 5}[r.IntN(3)]] {
			wantedText = append(wantedText, l+[]string{"", "-"}[r.IntN(2)])
		}
		wanted := hosts(strings.Join(wantedText, " "))
		r.Shuffle(5, func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
		var text []string
		for _, l := range letters[:1+r.IntN(5)] {
			text = append(text, l+[]string{"", "", "!", "?"}[r.IntN(4)])
		}
		begin := strings.Join(text, " ")
		members := read(begin, wanted)
		had := answering(members) >= majority(len(members))
		steps := 0
		for s := plan(members, wanted); s.kind != done && s.kind != refuse; s = plan(members, wanted) {
			if members = follow(members, s); answering(members) < majority(voters(members)) {
				t.Fatalf("seed %d: from %q to %v: after %s no majority answers: %v", seed, begin, wanted, s, members)
			}
			if steps++; steps > 30 {
				t.Fatalf("seed %d: from %q to %v: no end, last %s", seed, begin, wanted, s)
			}
		}
		if !had && steps > 0 {
			t.Errorf("seed %d: from %q without a majority %d steps were made", seed, begin, steps)
		}
	}
}

func voters(members []member) (n int) {
	for _, m := range members {
		if !m.learner {
			n++
		}
	}
	return n
}

func TestPlanLeaving(t *testing.T) {
	for _, c := range []struct{ what, members, host, want string }{
		{"one that answers", "a b c", "b", "remove b"},
		{"one that is gone", "a b c?", "c", "remove c"},
		{"there is none of it", "a b c", "d", "done"},
		{"one that never got its vote", "a b learner:c", "c", "remove c"},
		{"of two that answer one is left", "a b", "a", "remove a"},
		{"the last one", "a", "a", "refuse: a is the only member, and has all records: have another host keep etcd before"},
		{"the last one with a vote", "a learner:b", "a", "refuse: a is the only member, and has all records: have another host keep etcd before"},
		{"one of three, of which another is gone", "a b? c", "a", "refuse: without a there would be no majority, as of the others 1 of 2 answer"},
		{"of five, of which one is gone", "a b? c d e", "a", "remove a"},
	} {
		if got := planLeaving(read(c.members, nil), c.host).String(); got != c.want {
			t.Errorf("%s: planLeaving(%s, %s) = %s, want %s", c.what, c.members, c.host, got, c.want)
		}
	}
}

// TestMade tells a step that etcd made from one that it did not, where its answer got lost.
func TestMade(t *testing.T) {
	a, b := member{id: 1, host: "a", peer: "http://a:2380"}, member{id: 2, host: "b", peer: "http://b:2380", learner: true}
	moved := Host{Name: "a", Peer: "http://a.new:2380"}
	for name, test := range map[string]struct {
		step    step
		members []member
		want    bool
	}{
		"none":               {step{}, []member{a}, false},
		"added":              {step{kind: add, host: Host{Name: "b", Peer: b.peer}}, []member{a, b}, true},
		"not added":          {step{kind: add, host: Host{Name: "b", Peer: b.peer}}, []member{a}, false},
		"removed":            {step{kind: remove, member: b}, []member{a}, true},
		"not removed":        {step{kind: remove, member: b}, []member{a, b}, false},
		"given its vote":     {step{kind: promote, member: a}, []member{a, b}, true},
		"not given its vote": {step{kind: promote, member: b}, []member{a, b}, false},
		"moved":              {step{kind: move, member: a, host: Host{Peer: a.peer}}, []member{a}, true},
		"not moved":          {step{kind: move, member: a, host: moved}, []member{a}, false},
	} {
		if got := made(test.step, test.members); got != test.want {
			t.Errorf("%s: made is %v", name, got)
		}
	}
}
