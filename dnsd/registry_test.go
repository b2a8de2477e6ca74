package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

func TestAMemberOfTheRegistryIsReplaced(t *testing.T) {
	t.Parallel()
	members := etcdtest.Cluster(t)
	var urls []string
	for _, m := range members {
		urls = append(urls, m.URL)
	}
	admin, err := clientv3.New(clientv3.Config{Endpoints: urls, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	put := func(name string) {
		t.Helper()
		await.True(t, name+" is written", func() bool {
			_, err := admin.Put(t.Context(), "/skydns/com/example/prod/s/"+name, `{"host":"10.1.0.1"}`)
			return err == nil
		})
	}
	d := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config="+hostFile(t), "--etcd="+strings.Join(urls, ","))
	put("first")
	await.True(t, "a record is answered", func() bool { return d.answers("first") })
	members[0].Kill()
	members[0].Replace(members[2])
	put("second")
	await.True(t, "with a member replaced changes are followed", func() bool { return d.answers("first", "second") })
	members[1].Kill() // now the new one is needed
	put("third")
	await.True(t, "changes are followed with the new member", func() bool { return d.answers("first", "second", "third") })
	if strings.Contains(d.said(), "LOSSES RETAINED") {
		t.Error("a new member is taken for another store")
	}
}

func TestALoginThatExpires(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Start(t, etcdtest.ShortTokens, nil)
	admin := etcd.Admin()
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := admin.UserAdd(ctx, "root", "toor"); return err },
		func(ctx context.Context) error { _, err := admin.RoleAdd(ctx, "root"); return err },
		func(ctx context.Context) error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func(ctx context.Context) error { _, err := admin.UserAdd(ctx, "dnsd", "secret"); return err },
		func(ctx context.Context) error { _, err := admin.RoleAdd(ctx, "reader"); return err },
		func(ctx context.Context) error {
			_, err := admin.RoleGrantPermission(ctx, "reader", "/skydns/", clientv3.GetPrefixRangeEnd("/skydns/"), clientv3.PermissionType(clientv3.PermRead))
			return err
		},
		func(ctx context.Context) error { _, err := admin.UserGrantRole(ctx, "dnsd", "reader"); return err },
		func(ctx context.Context) error { _, err := admin.AuthEnable(ctx); return err },
	} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	put := func(name string) {
		t.Helper()
		await.True(t, name+" is written", func() bool { // with a login of its own each time
			_, err := etcd.AdminAs("root", "toor").Put(t.Context(), "/skydns/com/example/prod/s/"+name, `{"host":"10.1.0.1"}`)
			return err == nil
		})
	}
	d := start(t, following(t, etcd, "--etcd-user=dnsd", "--etcd-password-file="+password)...)
	put("first")
	await.True(t, "a record is answered", func() bool { return d.answers("first") })
	for i, name := range []string{"second", "third"} {
		// Silent for long enough that the connection is given up, and the login void.
		etcd.Freeze()
		await.True(t, "the silence is noticed", func() bool { return strings.Count(d.said(), "store is away") > i })
		if !d.answers("first") {
			t.Error("without its store it does not answer")
		}
		etcd.Thaw()
		put(name)
		await.True(t, "changes are followed after another login", func() bool { return d.answers("first", name) })
	}
}

func TestACompactedRegistryIsListedAnew(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Start(t, "embedded", nil)
	admin := etcd.Admin()
	put(t, admin, "a", "b", "c")
	d := start(t, following(t, etcd)...)
	await.True(t, "all is answered", func() bool { return d.answers("a", "b", "c") })
	etcd.Kill()
	await.True(t, "the loss is noticed", func() bool { return strings.Contains(d.said(), "store is away") })
	etcd.Restart()
	await.True(t, "what dnsd has slept through is compacted", func() bool {
		resp, err := admin.Delete(t.Context(), "/skydns/com/example/prod/s/a")
		if err == nil {
			_, err = admin.Compact(t.Context(), resp.Header.Revision, clientv3.WithCompactPhysical())
		}
		return err == nil
	})
	await.True(t, "what was deleted is gone", func() bool { return !d.answers("a") && d.answers("b", "c") })
	put(t, admin, "a")
	await.True(t, "changes are followed", func() bool { return d.answers("a", "b", "c") })
}
