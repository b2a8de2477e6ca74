package storeagent

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/open"
	"rundock/internal/registry/registrytest"
	"rundock/internal/registry/several"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

var quietLog = slog.New(slog.DiscardHandler)

// start runs the process's body in dir until end is called.
func start(t *testing.T, host hostconfig.Config, dir string) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, host, dir, "v1", quietLog) }()
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run = %v, want nil once its context is done", err)
		}
	}
	t.Cleanup(end)
	return end
}

// folder is one whose path leaves room for a socket's name in 107 bytes.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rundock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A host with both stores has a socket for each, and a successor goes on where its
// predecessor left.
func TestServesEachStore(t *testing.T) {
	e, c := etcdtest.Start(t, "embedded", nil), consultest.Start(t, nil)
	host := hostconfig.Config{
		Version: 1, Host: "node-1", Domain: "example.com", Label: "s", StoreAgent: true,
		Etcd: hostconfig.Etcd{Endpoints: []string{e.URL}}, Consul: hostconfig.Consul{Address: c.URL},
	}
	dir := folder(t)
	end := start(t, host, dir)
	item := registrytest.Item("m1/web", "a")
	there := map[string]string{item.Key: string(item.Value)}
	var announcers []*registrytest.Announcer
	var followers []*registrytest.Follower
	for _, name := range host.Stores() {
		direct, err := direct.Store(name, host, quietLog)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { direct.Close() })
		followers = append(followers, registrytest.Follow(t, direct, "/s/"))
		socket := filepath.Join(dir, map[string]string{"etcd": "store.sock", "consul": "store-consul.sock"}[name])
		client := local.Open(socket, quietLog)
		t.Cleanup(func() { client.Close() })
		announcers = append(announcers, registrytest.Announce(t, client, 6*registry.MinLease, item))
		var info os.FileInfo
		await.Nil(t, "the socket is there", func() (err error) { info, err = os.Stat(socket); return err })
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s = %s, want 0600", socket, info.Mode())
		}
	}
	held := func(what string) {
		t.Helper()
		for i := range announcers {
			await.True(t, host.Stores()[i]+": "+what, announcers[i].Held)
			await.True(t, host.Stores()[i]+" has the record", followers[i].Has(there))
		}
	}
	held("it is held")
	await.Empty(t, "its status file says so", func() string { return unlike(dir, 1, 1) })
	end()
	for _, a := range announcers {
		registrytest.Names(t, "reason", a.Reason, "store agent: ")
	}
	start(t, host, dir)
	held("it is held again")
	for _, f := range followers {
		f.NeverDeleted(t, item.Key)
	}
}

// unlike returns what the status file says, unless that is so many clients and
// records of each store, and all is well.
func unlike(dir string, clients, records int) string {
	s, err := control.ReadStore(dir)
	if err != nil {
		return err.Error()
	}
	want := []control.ServedStore{{Name: "etcd", Clients: clients, Records: records}, {Name: "consul", Clients: clients, Records: records}}
	if s.PID != os.Getpid() || s.Since.IsZero() || !slices.Equal(s.Stores, want) {
		return fmt.Sprintf("%+v", s)
	}
	return ""
}

// As a sidecar announces by it: the record is in etcd, in Consul's KV and in its
// catalog, Consul may go, and what is announced meanwhile gets there when it is back.
func TestRecordsInBothStores(t *testing.T) {
	e, c := etcdtest.Start(t, "embedded", nil), consultest.Start(t, nil)
	host := hostconfig.Config{
		Version: 1, Host: "node-1", Domain: "example.com", Label: "s", StoreAgent: true,
		Etcd: hostconfig.Etcd{Endpoints: []string{e.URL}}, Consul: hostconfig.Consul{Address: c.URL},
	}
	dir := folder(t)
	start(t, host, dir)
	stores := several.Stores{Own: local.Open(open.Socket(dir, "etcd", host), quietLog), Other: local.Open(open.Socket(dir, "consul", host), quietLog), Title: "Consul"}
	t.Cleanup(func() { stores.Close() })
	item := func(service string, port int) registry.Item {
		return registry.Item{Key: "/skydns/org/s/" + service + "/node-1", ID: "m1/" + service, Value: fmt.Appendf(nil, `{"host":"10.0.0.7","port":%d,"id":"m1/%s"}`, port, service)}
	}
	inBoth := func(a *registrytest.Announcer) func() bool {
		return func() bool { return a.State() == registry.HoldState{Held: true, Second: true} }
	}
	inCatalog := func(want string) {
		t.Helper()
		await.Empty(t, "the catalog has "+want, func() string {
			if got := catalog(t, c.Admin(""))(); got != want {
				return "it has " + got
			}
			return ""
		})
	}
	web := registrytest.Announce(t, stores, 6*registry.MinLease, item("web", 80))
	await.True(t, "it is in both", inBoth(web))
	await.Empty(t, "the status file has it", func() string { return unlike(dir, 1, 1) })
	inCatalog("[web 10.0.0.7:80 passing]")

	c.Kill()
	db := registrytest.Announce(t, stores, 6*registry.MinLease, item("db", 90))
	await.True(t, "what is announced meanwhile is in etcd, and it is said that Consul lacks it", func() bool {
		now := db.State()
		return now.Held && !now.Second && strings.HasPrefix(now.Lacks, "Consul lacks it: ") && strings.Contains(now.Lacks, "consul: ")
	})
	if !web.State().Held {
		t.Errorf("web is %+v, want it held in etcd", web.State())
	}
	c.Restart()
	await.True(t, "both are in both", func() bool { return inBoth(web)() && inBoth(db)() })
	inCatalog("[db 10.0.0.7:90 passing web 10.0.0.7:80 passing]")
}

// A store that goes silent is said in the status file, and so is its return.
func TestStatusSaysThatTheStoreIsAway(t *testing.T) {
	e := etcdtest.Start(t, "embedded", nil)
	host := hostconfig.Config{Version: 1, Host: "node-1", Domain: "example.com", Label: "s", StoreAgent: true, Etcd: hostconfig.Etcd{Endpoints: []string{e.URL}}}
	dir := folder(t)
	start(t, host, dir)
	client := local.Open(filepath.Join(dir, "store.sock"), quietLog)
	t.Cleanup(func() { client.Close() })
	a := registrytest.Announce(t, client, 6*registry.MinLease, registrytest.Item("m1/web", "a"))
	reason := func() string {
		s, err := control.ReadStore(dir)
		if err != nil || len(s.Stores) != 1 {
			return fmt.Sprint("no status: ", err)
		}
		return s.Stores[0].Reason
	}
	await.True(t, "it is held", a.Held)
	await.Empty(t, "the store is well", reason)
	e.Freeze()
	registrytest.Names(t, "reason", reason, "etcd: ")
	e.Thaw()
	await.Empty(t, "the store is well again", reason)
}

func TestSettingsThatAreWrongAreNamed(t *testing.T) {
	dir := t.TempDir()
	for claim, c := range map[string]struct {
		host hostconfig.Config
		want string
	}{
		"no store":        {hostconfig.Config{}, "/etc/rundock/host.json: neither etcd.endpoints nor consul.address: there is no store"},
		"a bad endpoint":  {hostconfig.Config{Etcd: hostconfig.Etcd{Endpoints: []string{"http://10.0.0.5"}}}, `/etc/rundock/host.json: etcd endpoint "http://10.0.0.5": want http://address:port and nothing else`},
		"a missing token": {hostconfig.Config{Consul: hostconfig.Consul{Address: "http://127.0.0.1:8500", TokenFile: "/nosuch"}}, "/nosuch"},
	} {
		err := run(t.Context(), c.host, dir, "v1", quietLog)
		registrytest.Names(t, claim, func() string {
			if err == nil {
				return ""
			}
			return err.Error()
		}, c.want)
	}
}
