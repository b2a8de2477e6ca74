package serve

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/registrytest"
)

// long is a lease that a busy machine does not let run out.
const long = 30 * time.Second

// aHost has a server in a process of its own before an etcd, and somebody who
// watches that etcd itself.
type aHost struct {
	front
	childSettings
	etcd   *etcdtest.Server
	server *registrytest.Process
	direct Store
	*registrytest.Follower
}

func startHost(t *testing.T) *aHost {
	t.Helper()
	e := etcdtest.Start(t, "embedded", nil)
	h := &aHost{etcd: e, childSettings: childSettings{Dir: folder(t), Etcd: e.URL}, direct: openEtcd(t, e.URL)}
	t.Cleanup(func() { h.direct.Close() })
	h.front = front{h.childSettings.socket()}
	h.server = h.childSettings.process(t, "the server")
	h.Follower = registrytest.Follow(t, h.direct, "/s/")
	await.True(t, "the list came", func() bool { return h.Completes() > 0 })
	return h
}

// lease is the one that the store has the key under.
func (h *aHost) lease(t *testing.T, key string) (lease string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		found, err := h.direct.Read(ctx, []string{key})
		if err == nil {
			lease = found[0].Lease
		}
		return err
	})
	return lease
}

func item(service, value string) registry.Item {
	i := registrytest.Item("m1/"+service, value)
	i.Key = "/s/" + service + "/node-1"
	return i
}

func records(items ...registry.Item) map[string]string {
	all := map[string]string{}
	for _, i := range items {
		all[i.Key] = string(i.Value)
	}
	return all
}

// All clients of one lease time are under one lease of the store, and each takes
// its own keys away only.
func TestClientsShareALease(t *testing.T) {
	t.Parallel()
	h := startHost(t)
	web, db := item("web", "a"), item("db", "a")
	a, b := registrytest.Announce(t, h.Open(t), long, web), registrytest.Announce(t, h.Open(t), long, db)
	await.True(t, "both are there", h.Has(records(web, db)))
	await.True(t, "both say so", func() bool { return a.Held() && b.Held() })
	if one, two := h.lease(t, web.Key), h.lease(t, db.Key); one != two || one == "" {
		t.Errorf("leases = %q and %q, want one", one, two)
	}
	if err := a.End(nil); err != nil {
		t.Errorf("end = %v", err)
	}
	await.True(t, "the other stays", h.Has(records(db)))
	if !b.Held() {
		t.Errorf("state of the other = %+v, want held", b.State())
	}
	h.NeverDeleted(t, db.Key)
}

// The server is killed and comes back within the lease.
func TestKilledServerLosesNoRecord(t *testing.T) {
	t.Parallel()
	h := startHost(t)
	web := item("web", "a")
	a := registrytest.Announce(t, h.Open(t), long, web)
	await.True(t, "it is held", a.Held)
	lease := h.lease(t, web.Key)
	for range 3 {
		h.server.Kill()
		registrytest.Names(t, "reason", a.Reason, "store agent: ")
		h.server.Restart()
		await.True(t, "it is held again", a.Held)
	}
	if now := h.lease(t, web.Key); now != lease {
		t.Errorf("lease = %s, want that of before, %s", now, lease)
	}
	h.NeverDeleted(t, web.Key)
}

// What a client held that died while the server was away goes all the same.
func TestClientDiesWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	h := startHost(t)
	web, db := item("web", "a"), item("db", "a")
	stays := registrytest.Announce(t, h.Open(t), registry.MinLease, db)
	gone := h.childSettings
	gone.Item, gone.TTL = &web, registry.MinLease
	client := gone.process(t, "the client")
	await.True(t, "both are there", h.Has(records(web, db)))
	h.server.Kill()
	client.Kill()
	h.server.Restart()
	await.True(t, "the other is held again", stays.Held)
	await.True(t, "what it held is gone", h.Has(records(db)))
}

// A killed client leaves within its lease, and takes nothing from others that
// share the store's lease. One that comes back claims its record without a gap.
func TestKilledClient(t *testing.T) {
	t.Parallel()
	h := startHost(t)
	web, db := item("web", "a"), item("db", "a")
	stays := registrytest.Announce(t, h.Open(t), registry.MinLease, db)
	c := h.childSettings
	c.Item, c.TTL = &web, registry.MinLease
	client := c.process(t, "the client")
	await.True(t, "both are there", h.Has(records(web, db)))
	client.Kill()
	await.True(t, "its record is gone", h.Has(records(db)))
	await.True(t, "the other is held", stays.Held)
	h.NeverDeleted(t, db.Key)

	api := item("api", "a")
	c.Item, c.TTL = &api, long
	client = c.process(t, "the next client")
	await.True(t, "its record is there", h.Has(records(db, api)))
	client.Kill()
	client.Restart()
	await.True(t, "the successor has claimed it from the predecessor", h.claimed(t, "m1/api"))
	h.NeverDeleted(t, api.Key)
}

// claimed is true once the server's file names one holder of what is of id, and
// another that holds nothing any more.
func (h *aHost) claimed(t *testing.T, id string) func() bool {
	return func() bool {
		s := &Server{file: filepath.Join(h.Dir, "private/held.json"), log: quietLog}
		if err := s.load(); err != nil {
			t.Fatal(err)
		}
		held, empty := 0, 0
		for _, holder := range s.holders {
			for _, owner := range holder.keys {
				if owner == id {
					held++
				}
			}
			if len(holder.keys) == 0 {
				empty++
			}
		}
		return held == 1 && empty == 1
	}
}

// A server that hangs is noticed. It loses nothing by that if it goes on in time,
// and what is lost with the lease comes back by itself if not.
func TestFrozenServer(t *testing.T) {
	t.Parallel()
	h := startHost(t)
	web, db := item("web", "a"), item("db", "a")
	a := registrytest.Announce(t, h.Open(t), long, web)
	b := registrytest.Announce(t, h.Open(t), registry.MinLease, db)
	f := registrytest.Follow(t, h.Open(t), "/s/")
	await.True(t, "both are there", f.Has(records(web, db)))
	await.True(t, "both are held", func() bool { return a.Held() && b.Held() })
	h.server.Freeze()
	registrytest.Names(t, "reason", a.Reason, "store agent: ")
	registrytest.Names(t, "health of the watch", f.Reason, "watch /s/: store agent: ")
	await.True(t, "the short lease is over", h.Has(records(web)))
	await.True(t, "which is said", func() bool { return !b.State().Held })
	h.server.Thaw()
	await.True(t, "both are held again", func() bool { return a.Held() && b.Held() })
	await.True(t, "both are there", f.Has(records(web, db)))
	await.True(t, "the watch is well", func() bool { return f.Reason() == "" })
	h.NeverDeleted(t, web.Key)
}

// A successor takes the socket while the predecessor still has it.
func TestSuccessorTakesTheSocket(t *testing.T) {
	t.Parallel()
	h := startHost(t)
	web := item("web", "a")
	a := registrytest.Announce(t, h.Open(t), long, web)
	await.True(t, "it is held", a.Held)
	lease := h.lease(t, web.Key)
	// On a busy machine the client may leave the predecessor by itself before it is
	// killed, and it may be with the successor before we look.
	before := a.Troubles()
	successor := h.childSettings.process(t, "the successor")
	await.Nil(t, "the successor listens", func() error {
		s, err := dialed(t, h.front.socket, successor.Pid())
		if err == nil {
			s.Close()
		}
		return err
	})
	h.server.Kill()
	await.True(t, "the loss is said", func() bool { return a.Troubles() > before })
	await.True(t, "it is held again", a.Held)
	if now := h.lease(t, web.Key); now != lease {
		t.Errorf("lease = %s, want that of before, %s", now, lease)
	}
	h.NeverDeleted(t, web.Key)
}

// Where there is no server, who announces says so.
func TestNoServer(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(folder(t), "store.sock")
	client := local.Open(socket, quietLog)
	a := registrytest.Announce(t, client, long, item("web", "a"))
	f := registrytest.Follow(t, client, "/s/")
	registrytest.Names(t, "reason", a.Reason, "store agent: dial unix "+socket+": ", "no such file or directory")
	registrytest.Names(t, "health of the watch", f.Reason, "watch /s/: store agent: dial unix "+socket)
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	registrytest.Names(t, "reason", a.Reason, "store agent: dial unix "+socket+": ", "connection refused")
}
