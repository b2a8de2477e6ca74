package several

import (
	"log/slog"
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

// One of the two stores may go: the record stays in the other, and who announces
// says which store is not well.
func TestRecordsInBothStores(t *testing.T) {
	consulServer := consultest.Start(t, nil)
	etcdServer := etcdtest.Start(t, "embedded", nil)
	log := slog.New(slog.DiscardHandler)
	inEtcd, err := etcd.Open(etcd.Config{Endpoints: []string{etcdServer.URL}}, log)
	if err != nil {
		t.Fatal(err)
	}
	inConsul, err := consul.Open(consul.Config{Address: consulServer.URL}, log)
	if err != nil {
		t.Fatal(err)
	}
	stores := Stores{Own: inEtcd, Other: inConsul}
	t.Cleanup(func() { stores.Close() })

	item := registrytest.Item("m1/web", "10.0.0.7")
	a := registrytest.Announce(t, stores, registry.MinLease, item)
	await.True(t, "it is held", a.Held)
	there := map[string]string{item.Key: string(item.Value)}
	e, c := registrytest.Follow(t, inEtcd, "/s/"), registrytest.Follow(t, inConsul, "/s/")
	await.True(t, "it is in etcd", e.Has(there))
	await.True(t, "it is in Consul", c.Has(there))

	consulServer.Kill()
	await.True(t, "the loss of Consul is said", func() bool { return !a.Held() })
	registrytest.Names(t, "reason", a.Reason, "consul: ")
	if found, err := inEtcd.Read(t.Context(), []string{item.Key}); err != nil || !found[0].Exists {
		t.Errorf("in etcd = %+v, %v; want the record, as etcd is well", found, err)
	}
	consulServer.Restart()
	await.True(t, "it is held again", a.Held)

	etcdServer.Kill()
	registrytest.Names(t, "reason", a.Reason, "etcd: ")
	await.True(t, "it is in Consul", c.Has(there))
	etcdServer.Restart()
	await.True(t, "it is held again", a.Held)
	if err := a.End(nil); err != nil {
		t.Errorf("end = %v", err)
	}
	await.True(t, "it is gone from etcd", e.Has(map[string]string{}))
	await.True(t, "it is gone from Consul", c.Has(map[string]string{}))
}

func TestMerged(t *testing.T) {
	held, away := registry.HoldState{Held: true}, registry.HoldState{Reason: "etcd: no answer"}
	theirs := registry.HoldState{Reason: "/s/web is held by m2", HeldBy: "m2"}
	endangered := registry.HoldState{Held: true, Reason: "consul: no answer"}
	for claim, c := range map[string]struct{ own, other, want registry.HoldState }{
		"well in both":                  {held, held, held},
		"not yet in the other":          {held, registry.HoldState{}, registry.HoldState{}},
		"away from one":                 {away, held, away},
		"another's in the other":        {held, theirs, theirs},
		"the own store's trouble first": {away, theirs, away},
		"endangered, but there":         {held, endangered, endangered},
	} {
		if got := merged([2]registry.HoldState{c.own, c.other}); got != c.want {
			t.Errorf("%s: merged = %+v, want %+v", claim, got, c.want)
		}
	}
}
