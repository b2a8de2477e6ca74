package cluster

import (
	"testing"

	"rundock/internal/registry/etcd"
)

func TestLacking(t *testing.T) {
	a, b := member{id: 1, name: "a", host: "a", answers: true}, member{id: 2, name: "b", host: "b", answers: true}
	silent, learner, fresh := b, b, b
	silent.answers, learner.learner, fresh.name = false, true, ""
	fresh.host, fresh.peer = "", "http://10.0.0.2:2380"
	voice := func(id, committed, applied uint64) etcd.Voice {
		return etcd.Voice{Cluster: 7, Member: id, Led: true, Committed: committed, Applied: applied}
	}
	for _, c := range []struct {
		what         string
		members      []member
		voices       []etcd.Voice
		target, then uint64
		want         string
	}{
		{"one is silent", []member{a, silent}, []etcd.Voice{voice(1, 9, 9)}, 0, 0, "b does not answer"},
		{"one has no vote", []member{a, learner}, []etcd.Voice{voice(1, 9, 9), voice(2, 9, 9)}, 0, 0, "b answers, without a vote yet"},
		{"one was never started", []member{a, fresh}, []etcd.Voice{voice(1, 9, 9)}, 0, 0, "http://10.0.0.2:2380 not started yet"},
		{"one is behind", []member{a, b}, []etcd.Voice{voice(1, 900, 900), voice(2, 880, 870)}, 0, 900, "b is 30 changes behind"},
		{"it has caught up, while others went on", []member{a, b}, []etcd.Voice{voice(1, 990, 990), voice(2, 950, 900)}, 900, 900, ""},
		{"alone", []member{a}, []etcd.Voice{voice(1, 5, 5)}, 0, 5, ""},
	} {
		got, then := lacking(c.members, c.voices, c.target)
		if got != c.want || then != c.then {
			t.Errorf("%s: lacking = %q, %d, want %q, %d", c.what, got, then, c.want, c.then)
		}
	}
}
