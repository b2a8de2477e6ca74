package registry

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry/etcdtest"
)

// lock turns authentication on: root, and rundock who may use /s/.
func lock(t *testing.T, admin *clientv3.Client) {
	t.Helper()
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := admin.UserAdd(ctx, "root", "toor"); return err },
		func(ctx context.Context) error { _, err := admin.RoleAdd(ctx, "root"); return err },
		func(ctx context.Context) error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func(ctx context.Context) error { _, err := admin.UserAdd(ctx, "rundock", "first"); return err },
		func(ctx context.Context) error { _, err := admin.RoleAdd(ctx, "announcer"); return err },
		func(ctx context.Context) error {
			_, err := admin.RoleGrantPermission(ctx, "announcer", "/s/", clientv3.GetPrefixRangeEnd("/s/"), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
		func(ctx context.Context) error {
			_, err := admin.UserGrantRole(ctx, "rundock", "announcer")
			return err
		},
		func(ctx context.Context) error { _, err := admin.AuthEnable(ctx); return err },
	} {
		// Not by must: passwords take their time, and a step made twice fails.
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
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
	ours := map[string]string{item(id, "a").Key: string(item(id, "a").Value)}
	for _, c := range []struct {
		claim string
		test  func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client)
	}{
		{"a user announces and follows, also after a restart of etcd lost the tokens", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			f := startFollower(t, client, "/s/")
			a := announce(t, client, item(id, "a"))
			eventually(t, "it holds", a.held)
			eventually(t, "the key is there", f.has(ours))
			server.Kill()
			eventually(t, "the loss is reported", f.unhealthy)
			server.Restart()
			eventually(t, "the follower is well", func() bool { return !f.unhealthy() })
			eventually(t, "it holds again", a.held)
			want(t, "end", a.end(nil), nil)
			eventually(t, "the key is gone", f.has(map[string]string{}))
		}},
		{"a wrong password is named and works once the file is right", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			file := passwordFile(t, "wrong")
			client := open(t, server, Config{User: "rundock", PasswordFile: file})
			f := startFollower(t, client, "/s/")
			a := announce(t, client, item(id, "a"))
			names(t, "what the follower reports", f.reason, "watch /s/", "user rundock", file, "wrong user or password")
			names(t, "what the announcer reports", a.reason, "user rundock", file)
			writePassword(t, file, "first")
			eventually(t, "it holds", a.held)
			eventually(t, "the key is there", f.has(ours))
		}},
		{"a changed password is read from its file", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			file := passwordFile(t, "first")
			client := open(t, server, Config{User: "rundock", PasswordFile: file})
			a := announce(t, client, item(id, "a"))
			eventually(t, "it holds", a.held)
			root := server.AdminAs("root", "toor")
			must(t, func(ctx context.Context) error {
				_, err := root.UserChangePassword(ctx, "rundock", "second")
				return err
			})
			writePassword(t, file, "second")
			must(t, func(ctx context.Context) error { _, err := root.Delete(ctx, item(id, "a").Key); return err })
			eventually(t, "it holds again", a.held)
			eventually(t, "the key is there", func() bool {
				resp, err := root.Get(t.Context(), item(id, "a").Key)
				return err == nil && len(resp.Kvs) == 1
			})
		}},
		{"a user is no trouble where authentication is off, nor when it is turned on later", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			a := announce(t, client, item(id, "a"))
			eventually(t, "it holds", a.held)
			lock(t, admin)
			root := server.AdminAs("root", "toor")
			must(t, func(ctx context.Context) error { _, err := root.Delete(ctx, item(id, "a").Key); return err })
			eventually(t, "the key is there again", func() bool {
				resp, err := root.Get(t.Context(), item(id, "a").Key)
				return err == nil && len(resp.Kvs) == 1
			})
			want(t, "end", a.end(nil), nil)
		}},
		{"a login at an etcd that hangs ends with the connection, and is made again", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			a := announce(t, client, item(id, "a"))
			eventually(t, "it holds", a.held)
			server.Freeze()
			client.auth.drop()
			names(t, "reason", a.reason, "no answer within")
			eventually(t, "the connection ends", func() bool { return a.reason() != "" && !strings.Contains(a.reason(), "no answer") })
			server.Thaw()
			eventually(t, "it holds again", a.held)
		}},
		{"a key the user may not write is named as such", func(t *testing.T, server *etcdtest.Server, admin *clientv3.Client) {
			lock(t, admin)
			client := open(t, server, Config{User: "rundock", PasswordFile: passwordFile(t, "first")})
			a := announce(t, client, Item{Key: "/elsewhere", Value: []byte(`{}`), ID: id})
			eventually(t, "permission denied is said", func() bool { return a.reason() == "etcd: permission denied" })
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
				a := announce(t, open(t, server, Config{CA: files.ca, Cert: files.clientCert, Key: files.clientKey}), item("m1/web/", "a"))
				eventually(t, "it holds", a.held)
				want(t, "end", a.end(nil), nil)
			})
			t.Run("a foreign authority is named as the reason", func(t *testing.T) {
				foreign := makeCertificates(t)
				a := announce(t, open(t, server, Config{CA: foreign.ca, Cert: files.clientCert, Key: files.clientKey}), item("m1/web/", "a"))
				names(t, "reason", a.reason, "certificate signed by unknown authority")
			})
			// With TLS 1.3 the refusal comes after the handshake: what the
			// client gets to see of it varies.
			t.Run("a client without certificate is refused", func(t *testing.T) {
				a := announce(t, open(t, server, Config{CA: files.ca}), item("m1/web/", "a"))
				names(t, "reason", a.reason, "etcd: ")
				want(t, "held", a.state().Held, false)
			})
		})
	}
}
