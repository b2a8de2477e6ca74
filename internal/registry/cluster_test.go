package registry

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"rundock/internal/registry/etcdtest"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	members := etcdtest.Cluster(t)
	var endpoints []string
	for _, m := range members {
		endpoints = append(endpoints, m.URL)
	}
	client, err := Open(Config{Endpoints: endpoints}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	admin, err := clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })

	ours := item("m1/web/", "a")
	known := map[string]string{ours.Key: string(ours.Value)}
	f := startFollower(t, client, "/s/")
	a := announce(t, client, ours)
	eventually(t, "it holds", a.held)
	eventually(t, "the key is known", f.has(known))

	next := 0
	goesOn := func(t *testing.T) {
		t.Helper()
		key := fmt.Sprintf("/s/other/%d", next)
		next++
		known = maps.Clone(known)
		known[key] = "v"
		put(t, admin, key, "v")
		eventually(t, "a change is known", f.has(known))
		eventually(t, "the key is held", a.held)
	}
	for i, m := range members {
		t.Run(fmt.Sprintf("goes on without member %d, killed", i), func(t *testing.T) {
			m.Kill()
			goesOn(t)
			m.Restart()
			goesOn(t)
		})
	}
	for i, m := range members {
		t.Run(fmt.Sprintf("goes on without member %d, hanging for longer than the lease", i), func(t *testing.T) {
			if i > 0 && os.Getenv("RUNDOCK_SLOW") != "1" {
				t.Skip("takes a lease's time for each member: set RUNDOCK_SLOW=1 to run it")
			}
			f.mu.Lock()
			f.batches = nil
			f.mu.Unlock()
			m.Freeze()
			for end := time.Now().Add(testLease + 2*time.Second); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
				goesOn(t)
			}
			notDeleted(t, f, ours.Key)
			// What a leader does that wakes up and still believes to be one is
			// etcd's affair (etcd#15247): we only hold again.
			m.Thaw()
			goesOn(t)
			eventually(t, "the key is held", a.held)
		})
	}
}

// notDeleted fails if the key was deleted since the last call.
func notDeleted(t *testing.T, f *follower, key string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.batches {
		for _, c := range b.Changes {
			if c.Key == key && c.Value == nil {
				t.Errorf("watchers saw %s deleted at revision %d", c.Key, b.Revision)
			}
		}
	}
	f.batches = nil
}
