package store

import (
	"testing"

	"rundock/internal/registry/etcd"
)

func TestIsSuperseded(t *testing.T) {
	own := identity{1, 11}
	self := etcd.Voice{Cluster: 1, Member: 11, Led: true, Revision: 5000}
	other := func(cluster uint64, led bool, revision int64) etcd.Voice {
		return etcd.Voice{Cluster: cluster, Member: 12, Led: led, Revision: revision}
	}
	for _, c := range []struct {
		what   string
		voices []etcd.Voice
		want   bool
	}{
		{"nobody answers", nil, false},
		{"alone", []etcd.Voice{self}, false},
		{"its own cluster is ahead", []etcd.Voice{self, other(1, true, 2*revisionBump)}, false},
		{"another cluster was restored", []etcd.Voice{self, other(2, true, 4000+revisionBump)}, true},
		{"without a leader of its own", []etcd.Voice{{Cluster: 1, Member: 11, Revision: 5000}, other(2, true, 4000+revisionBump)}, true},
		{"the restored one has no leader", []etcd.Voice{self, other(2, false, 4000+revisionBump)}, false},
		{"another cluster that is as old", []etcd.Voice{self, other(2, true, 9000)}, false},
		{"this one was restored, another one not", []etcd.Voice{{Cluster: 1, Member: 11, Led: true, Revision: revisionBump}, other(2, true, 9000)}, false},
		{"restored twice", []etcd.Voice{{Cluster: 1, Member: 11, Led: true, Revision: revisionBump}, other(2, true, 2*revisionBump)}, true},
		{"this one does not answer itself", []etcd.Voice{other(2, true, revisionBump)}, false},
	} {
		if got := isSuperseded(own, c.voices); got != c.want {
			t.Errorf("%s: isSuperseded = %v, want %v", c.what, got, c.want)
		}
	}
}
