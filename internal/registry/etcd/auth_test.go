package etcd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

// lock turns authentication on: root, and rundock who may use /s/.
func lock(t *testing.T, admin *clientv3.Client) {
	t.Helper()
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := admin.UserAdd(ctx, "root", "toor"); return err },
		func(ctx context.Context) error { _, err := admin.RoleAdd(ctx, "root"); return err },
		func(ctx context.Context) error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func(ctx context.Context) error { _, err := admin.UserAdd(ctx, "rundock", "first"); return err },
		func(ctx context.Context) error { _, err := admin.RoleAdd(ctx, "sidecar"); return err },
		func(ctx context.Context) error {
			_, err := admin.RoleGrantPermission(ctx, "sidecar", "/s/", clientv3.GetPrefixRangeEnd("/s/"), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
		func(ctx context.Context) error {
			_, err := admin.UserGrantRole(ctx, "rundock", "sidecar")
			return err
		},
		func(ctx context.Context) error { _, err := admin.AuthEnable(ctx); return err },
	} {
		// Passwords take their time: a busy etcd may give up on a step that it then makes.
		must(t, func(ctx context.Context) error {
			err := step(ctx)
			// ErrUserEmpty: authentication is on, as the last step wants it.
			if errors.Is(err, rpctypes.ErrUserAlreadyExist) || errors.Is(err, rpctypes.ErrRoleAlreadyExist) || errors.Is(err, rpctypes.ErrUserEmpty) {
				return nil
			}
			return err
		})
	}
}

func passwordFile(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	writePassword(t, path, password)
	return path
}

func writePassword(t *testing.T, path, password string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	const id = "m1/web/"
	ours := map[string]string{registrytest.Item(id, "a").Key: string(registrytest.Item(id, "a").Value)}
	for _, c := range []struct {
		claim string
		test  func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client)
	}{
		{"a user announces and follows, also after a restart of etcd lost the tokens", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			f := registrytest.Follow(t, client, "/s/")
			a := registrytest.Announce(t, client, testLease, registrytest.Item(id, "a"))
			await.True(t, "it holds", a.Held)
			await.True(t, "the key is there", f.Has(ours))
			server.Kill()
			await.True(t, "the loss is reported", f.Unhealthy)
			server.Restart()
			await.True(t, "the follower is well", func() bool { return !f.Unhealthy() })
			await.True(t, "it holds again", a.Held)
			registrytest.Want(t, "end", a.End(nil), nil)
			await.True(t, "the key is gone", f.Has(map[string]string{}))
		}},
		{"a wrong password is named and works once the file is right", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			file := passwordFile(t, "wrong")
			client := open(t, server, Config{User: "rundock", PasswordFile: file})
			f := registrytest.Follow(t, client, "/s/")
			a := registrytest.Announce(t, client, testLease, registrytest.Item(id, "a"))
			registrytest.Names(t, "what the follower reports", f.Reason, "watch /s/", "user rundock", file, "wrong user or password")
			registrytest.Names(t, "what the sidecar reports", a.Reason, "user rundock", file)
			writePassword(t, file, "first")
			await.True(t, "it holds", a.Held)
			await.True(t, "the key is there", f.Has(ours))
		}},
		{"a changed password is read from its file", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			file := passwordFile(t, "first")
			client := open(t, server, Config{User: "rundock", PasswordFile: file})
			a := registrytest.Announce(t, client, testLease, registrytest.Item(id, "a"))
			await.True(t, "it holds", a.Held)
			root := server.AdminAs("root", "toor")
			must(t, func(ctx context.Context) error {
				_, err := root.UserChangePassword(ctx, "rundock", "second")
				return err
			})
			writePassword(t, file, "second")
			must(t, func(ctx context.Context) error {
				_, err := root.Delete(ctx, registrytest.Item(id, "a").Key)
				return err
			})
			await.True(t, "it holds again", a.Held)
			await.True(t, "the key is there", func() bool {
				resp, err := root.Get(t.Context(), registrytest.Item(id, "a").Key)
				return err == nil && len(resp.Kvs) == 1
			})
		}},
		{"a user is no trouble where authentication is off, nor when it is turned on later", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			a := registrytest.Announce(t, client, testLease, registrytest.Item(id, "a"))
			await.True(t, "it holds", a.Held)
			lock(t, admin)
			root := server.AdminAs("root", "toor")
			must(t, func(ctx context.Context) error {
				_, err := root.Delete(ctx, registrytest.Item(id, "a").Key)
				return err
			})
			await.True(t, "the key is there again", func() bool {
				resp, err := root.Get(t.Context(), registrytest.Item(id, "a").Key)
				return err == nil && len(resp.Kvs) == 1
			})
			registrytest.Want(t, "end", a.End(nil), nil)
		}},
		{"a login at an etcd that hangs ends with the connection, and is made again", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			a := registrytest.Announce(t, client, testLease, registrytest.Item(id, "a"))
			await.True(t, "it holds", a.Held)
			server.Freeze()
			client.auth.drop()
			registrytest.Names(t, "reason", a.Reason, "no answer within")
			await.True(t, "the connection ends", func() bool { return a.Reason() != "" && !strings.Contains(a.Reason(), "no answer") })
			server.Thaw()
			await.True(t, "it holds again", a.Held)
		}},
		{"a key the user may not write is named as such", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			a := registrytest.Announce(t, client, testLease, registry.Item{Key: "/elsewhere", Value: []byte(`{}`), ID: id})
			await.True(t, "permission denied is said", func() bool { return a.Reason() == "etcd: permission denied" })
		}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			eachEtcd(t, func(t *testing.T, server *etcdtest.Server) { c.test(t, server, server.Admin()) })
		})
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			files := makeCertificates(t)
			server := etcdtest.Start(t, kind, &etcdtest.TLS{CA: files.ca, Cert: files.serverCert, Key: files.serverKey})

			t.Run("a certificate of the right authority announces", func(t *testing.T) {
				a := registrytest.Announce(t, open(t, server, Config{CA: files.ca, Cert: files.clientCert, Key: files.clientKey}), testLease, registrytest.Item("m1/web/", "a"))
				await.True(t, "it holds", a.Held)
				registrytest.Want(t, "end", a.End(nil), nil)
			})
			t.Run("a foreign authority is named as the reason", func(t *testing.T) {
				foreign := makeCertificates(t)
				a := registrytest.Announce(t, open(t, server, Config{CA: foreign.ca, Cert: files.clientCert, Key: files.clientKey}), testLease, registrytest.Item("m1/web/", "a"))
				registrytest.Names(t, "reason", a.Reason, "certificate signed by unknown authority")
			})
			// With TLS 1.3 the refusal comes after the handshake: what the
			// client gets to see of it varies.
			t.Run("a client without certificate is refused", func(t *testing.T) {
				a := registrytest.Announce(t, open(t, server, Config{CA: files.ca}), testLease, registrytest.Item("m1/web/", "a"))
				registrytest.Names(t, "reason", a.Reason, "etcd: ")
				registrytest.Want(t, "held", a.State().Held, false)
			})
		})
	}
}
