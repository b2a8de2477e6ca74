package several

import (
	"log/slog"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

func bothStores(t *testing.T) (stores Stores, etcdServer *etcdtest.Server, consulServer *consultest.Server) {
	t.Helper()
	c := consultest.Start(t, nil)
	e := etcdtest.Start(t, "embedded", nil)
	log := slog.New(slog.DiscardHandler)
	inEtcd, err := etcd.Open(etcd.Config{Endpoints: []string{e.URL}}, log)
	if err != nil {
		t.Fatal(err)
	}
	inConsul, err := consul.Open(consul.Config{Address: c.URL}, log)
	if err != nil {
		t.Fatal(err)
	}
	stores = Stores{Own: inEtcd, Other: inConsul, Title: "Consul"}
	t.Cleanup(func() { stores.Close() })
	return stores, e, c
}

var inBoth = registry.HoldState{Held: true, Second: true}

// One of the two stores may go: the record stays in the other, and who announces
// says which store lacks it.
func TestRecordsInBothStores(t *testing.T) {
	stores, etcdServer, consulServer := bothStores(t)
	item := registrytest.Item("m1/web", "10.0.0.7")
	a := registrytest.Announce(t, stores, registry.MinLease, item)
	well := func() bool { return a.State() == inBoth }
	await.True(t, "it is in both", well)
	there := map[string]string{item.Key: string(item.Value)}
	e, c := registrytest.Follow(t, stores.Own, "/s/"), registrytest.Follow(t, stores.Other, "/s/")
	await.True(t, "it is in etcd", e.Has(there))
	await.True(t, "it is in Consul", c.Has(there))

	consulServer.Kill()
	await.True(t, "the loss of Consul is said, and etcd has it", func() bool {
		now := a.State()
		return now.Held && now.Reason == "" && !now.Second && strings.HasPrefix(now.Lacks, "Consul lacks it: ")
	})
	if found, err := stores.Own.Read(t.Context(), []string{item.Key}); err != nil || !found[0].Exists {
		t.Errorf("in etcd = %+v, %v; want the record, as etcd is well", found, err)
	}
	consulServer.Restart()
	await.True(t, "it is in both again", well)

	etcdServer.Kill()
	registrytest.Names(t, "reason", a.Reason, "etcd: ")
	await.True(t, "it is in Consul", c.Has(there))
	await.True(t, "etcd lacks it, and Consul has it", func() bool { now := a.State(); return !now.Held && now.Second })
	etcdServer.Restart()
	await.True(t, "it is in both again", well)
	if err := a.End(nil); err != nil {
		t.Errorf("end = %v", err)
	}
	await.True(t, "it is gone from etcd", e.Has(map[string]string{}))
	await.True(t, "it is gone from Consul", c.Has(map[string]string{}))
}

// Two hosts with one name: who has it in the own store has it in both.
func TestThe_own_store_decides_who_has_a_name(t *testing.T) {
	stores, _, _ := bothStores(t)
	c := registrytest.Follow(t, stores.Other, "/s/")
	theirs, ours := registrytest.Item("m2/web", "10.0.0.8"), registrytest.Item("m1/web", "10.0.0.7")
	inOwn := registrytest.Announce(t, stores.Own, registry.MinLease, theirs)
	await.True(t, "another host has it in etcd", inOwn.Held)

	a := registrytest.Announce(t, stores, registry.MinLease, ours)
	await.True(t, "it is the other's", func() bool { return a.State().HeldBy == theirs.ID })
	another := registrytest.Item("m1/api", "10.0.0.7")
	another.Key = "/s/api"
	b := registrytest.Announce(t, stores, registry.MinLease, another)
	await.True(t, "another name of ours is in both", func() bool { return b.State() == inBoth })
	await.True(t, "Consul has that name alone", c.Has(map[string]string{another.Key: string(another.Value)}))

	if err := inOwn.End(nil); err != nil {
		t.Fatal(err)
	}
	await.True(t, "it is ours in both once the other has left", func() bool { return a.State() == inBoth })
	// Somebody takes it over in etcd: Consul follows.
	if done, err := stores.Own.Swap(t.Context(), registry.Swap{Key: ours.Key, Old: ours.Value, New: theirs.Value}); err != nil || !done {
		t.Fatalf("swap = %v, %v", done, err)
	}
	await.True(t, "it is the other's again", func() bool { now := a.State(); return now.HeldBy == theirs.ID && !now.Second })
	await.True(t, "and Consul has it no longer", c.Has(map[string]string{another.Key: string(another.Value)}))
}

// A name that is another's in the second store alone is said, and the own store has it.
func TestA_name_that_is_anothers_in_the_second_store_is_said(t *testing.T) {
	stores, _, _ := bothStores(t)
	inOther := registrytest.Announce(t, stores.Other, registry.MinLease, registrytest.Item("m2/web", "10.0.0.8"))
	await.True(t, "another host has it in Consul", inOther.Held)
	item := registrytest.Item("m1/web", "10.0.0.7")
	a := registrytest.Announce(t, stores, registry.MinLease, item)
	want := registry.HoldState{Held: true, Lacks: "Consul lacks it: " + item.Key + " is held by m2/web"}
	await.True(t, "it is in etcd, and said what Consul has", func() bool { return a.State() == want })
}

func TestMerged(t *testing.T) {
	held, away := registry.HoldState{Held: true}, registry.HoldState{Reason: "etcd: no answer"}
	theirs := registry.HoldState{Reason: "/s/web is held by m2", HeldBy: "m2"}
	endangered, silent := registry.HoldState{Held: true, Reason: "consul: no answer"}, registry.HoldState{Reason: "consul: no answer"}
	for claim, c := range map[string]struct{ own, other, want registry.HoldState }{
		"well in both":                {held, held, inBoth},
		"not yet in the other":        {held, registry.HoldState{}, held},
		"away from the own":           {away, held, registry.HoldState{Reason: away.Reason, Second: true}},
		"away from the other":         {held, silent, registry.HoldState{Held: true, Lacks: "Consul lacks it: consul: no answer"}},
		"away from both":              {away, silent, registry.HoldState{Reason: away.Reason, Lacks: "Consul lacks it: consul: no answer"}},
		"another's in the other":      {held, theirs, registry.HoldState{Held: true, Lacks: "Consul lacks it: /s/web is held by m2"}},
		"another's in the own":        {theirs, silent, theirs},
		"endangered there, but there": {held, endangered, registry.HoldState{Held: true, Second: true, Lacks: "Consul may lose it: consul: no answer"}},
	} {
		if got := (lease{title: "Consul"}).merged(c.own, c.other); got != c.want {
			t.Errorf("%s: merged = %+v, want %+v", claim, got, c.want)
		}
	}
}
