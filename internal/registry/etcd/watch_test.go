package etcd

import (
	"context"
	"fmt"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		claim string
		test  func(t *testing.T, server *etcdtest.Server)
	}{
		{"lists more keys than fit in a page", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			all := map[string]string{}
			for page := range 2*listPage/100 + 1 {
				var ops []clientv3.Op
				for i := range 100 {
					key := fmt.Sprintf("/s/%06d", page*100+i)
					all[key] = "v"
					ops = append(ops, clientv3.OpPut(key, "v"))
				}
				must(t, func(ctx context.Context) error { _, err := admin.Txn(ctx).Then(ops...).Commit(); return err })
			}
			f := registrytest.Follow(t, patient(t, server), "/s/")
			await.True(t, "the follower has all keys", f.Has(all))
			registrytest.Want(t, "batches", len(f.Batches()), 1)
		}},
		{"lists again after changes it slept through were compacted", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			put(t, admin, "/s/a", "old")
			put(t, admin, "/s/gone", "old")
			f := registrytest.Follow(t, open(t, server, Config{}), "/s/")
			await.True(t, "the follower has the list", f.Has(map[string]string{"/s/a": "old", "/s/gone": "old"}))
			// A stream that failed: the next one begins after the compaction.
			server.Kill()
			await.True(t, "the loss is reported", f.Unhealthy)
			server.Restart()
			remove(t, admin, "/s/gone")
			var revision int64
			must(t, func(ctx context.Context) error {
				resp, err := admin.Put(ctx, "/s/a", "new")
				if err == nil {
					revision = resp.Header.Revision
				}
				return err
			})
			must(t, func(ctx context.Context) error {
				_, err := admin.Compact(ctx, revision, clientv3.WithCompactPhysical())
				return err
			})
			await.True(t, "the follower has the new value", f.Has(map[string]string{"/s/a": "new"}))
		}},
	}
	for _, c := range cases {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			eachEtcd(t, c.test)
		})
	}
}
