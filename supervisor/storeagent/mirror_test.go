package storeagent

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/consul/api"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/registrytest"
)

func TestEntryOf(t *testing.T) {
	const zone = "/skydns/com/example/prod/s"
	for key, c := range map[string]struct{ value, want string }{
		zone + "/web/node-1":               {`{"host":"10.0.0.7","port":8080,"tags":["a"],"meta":{"k":"v"}}`, "web 10.0.0.7:8080 [a] map[k:v]"},
		zone + "/web/_tcp/_metrics/node-1": {`{"host":"10.0.0.7","port":9100}`, "web-metrics 10.0.0.7:9100 [] map[]"},
		zone + "/web/node-1-blue":          {`{"host":"10.0.0.7","port":8080,"colour":"blue"}`, "web 10.0.0.7:8080 [] map[]"},
		zone + "/web/node-1-green":         {`{"host":"10.0.0.7","port":8081,"colour":"green","group":"_green"}`, "web-green 10.0.0.7:8081 [] map[]"},
		zone + "/web/node-2":               {`{"text":"no host"}`, "none"},
		zone + "/web/node-3":               {`{"host":`, "none"},
		"/rundock/v1/overlay/apps/node-1":  {`{"host":"10.0.0.7"}`, "none"},
		"/skydns/web":                      {`{"host":"10.0.0.7"}`, "none"},
	} {
		got := "none"
		if e, ok := entryOf(key, []byte(c.value)); ok {
			got = fmt.Sprintf("%s %s:%d %v %v", e.Name, e.Address, e.Port, e.Tags, e.Meta)
		}
		if got != c.want {
			t.Errorf("entryOf(%s, %s) = %s, want %s", key, c.value, got, c.want)
		}
	}
}

// catalog is what a real agent has of ours, as "web 10.0.0.7:80 passing".
func catalog(t *testing.T, admin *api.Client) func() string {
	return func() string {
		checks, err := admin.Agent().Checks()
		if err != nil {
			return err.Error()
		}
		services, err := admin.Agent().Services()
		if err != nil {
			return err.Error()
		}
		var all []string
		for id, s := range services {
			status := "unchecked"
			if check := checks["service:"+id]; check != nil {
				status = check.Status
			}
			all = append(all, fmt.Sprintf("%s %s:%d %s", s.Service, s.Address, s.Port, status))
		}
		slices.Sort(all)
		return fmt.Sprint(all)
	}
}

// The records of a host are in the catalog of a real agent for as long as they are
// held, over a successor of the process and a loss of the agent's memory. What a
// predecessor has left is removed, and what others have registered is not.
func TestMirrorsRecordsInTheCatalog(t *testing.T) {
	c := consultest.Start(t, nil)
	admin := c.Admin("")
	for id, service := range map[string]*api.AgentServiceRegistration{
		"another's": {ID: "another", Name: "another", Port: 1},
		"an orphan": {ID: "rundock/skydns/org/s/gone/node-1", Name: "gone", Port: 2, Meta: map[string]string{"rundock-key": "/skydns/org/s/gone/node-1"}},
	} {
		await.Nil(t, "the agent takes "+id, func() error { return admin.Agent().ServiceRegister(service) })
	}
	host := hostconfig.Config{Version: 1, Host: "node-1", Domain: "example.com", Label: "s", StoreAgent: true, Consul: hostconfig.Consul{Address: c.URL}}
	dir := folder(t)
	end := start(t, host, dir)
	client := local.Open(filepath.Join(dir, "store.sock"), quietLog)
	t.Cleanup(func() { client.Close() })
	item := func(service string, port int) registry.Item {
		return registry.Item{Key: "/skydns/org/s/" + service + "/node-1", ID: "m1/" + service, Value: fmt.Appendf(nil, `{"host":"10.0.0.7","port":%d,"id":"m1/%s"}`, port, service)}
	}
	is := func(what, want string) {
		t.Helper()
		await.Empty(t, what, func() string {
			if got := catalog(t, admin)(); got != want {
				return "the catalog has " + got
			}
			return ""
		})
	}
	is("the orphan is gone", "[another :1 unchecked]")
	a := registrytest.Announce(t, client, 6*registry.MinLease, item("web", 80))
	b := registrytest.Announce(t, client, 6*registry.MinLease, item("db", 90))
	both := "[another :1 unchecked db 10.0.0.7:90 passing web 10.0.0.7:80 passing]"
	is("both are there", both)
	if err := a.End(nil); err != nil {
		t.Errorf("end = %v", err)
	}
	one := "[another :1 unchecked db 10.0.0.7:90 passing]"
	is("what is withdrawn is gone", one)
	end()
	if got := catalog(t, admin)(); got != one {
		t.Errorf("a process that leaves has the catalog be %s, want %s", got, one)
	}
	start(t, host, dir)
	await.True(t, "it is held again", b.Held)
	if err := admin.Agent().ServiceDeregister("rundock/skydns/org/s/db/node-1"); err != nil {
		t.Fatal(err)
	}
	is("what somebody took away is back", one)

	direct, err := consul.Open(consul.Config{Address: c.URL}, quietLog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { direct.Close() })
	db := item("db", 90)
	swap := func(from, to []byte) {
		t.Helper()
		if done, err := direct.Swap(t.Context(), registry.Swap{Key: db.Key, Old: from, New: to}); err != nil || !done {
			t.Fatalf("swap = %v, %v", done, err)
		}
	}
	theirs := []byte(`{"host":"10.0.0.8","port":90,"id":"m2/db"}`)
	swap(db.Value, theirs)
	await.True(t, "it is another's", func() bool { return b.State().HeldBy == "m2/db" })
	is("the entry of what another has taken is gone", "[another :1 unchecked]")
	swap(theirs, nil)
	await.True(t, "it is held again", b.Held)
	is("it is back", one)

	c.Kill()
	registrytest.Names(t, "status", func() string {
		s, err := control.ReadStore(dir)
		if err != nil || len(s.Stores) != 1 {
			return fmt.Sprint("no status: ", err)
		}
		return s.Stores[0].Catalog
	}, "list the agent's services: consul: ", "connection refused")
	c.Restart()
	is("all is as before once the agent is back", one)
}
