package etcd

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"rundock/internal/registry/registrytest"
)

func TestOpen(t *testing.T) {
	files := makeCertificates(t)
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	garbage := filepath.Join(dir, "garbage")
	for path, content := range map[string]string{empty: "\n", garbage: "no certificate"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	missing := filepath.Join(dir, "missing")
	plain, secure := []string{"http://127.0.0.1:1"}, []string{"https://127.0.0.1:1"}

	for _, c := range []struct {
		claim string
		cfg   Config
		names []string // what the error must name; none: no error
	}{
		{"an etcd that cannot be reached is no error", Config{Endpoints: plain}, nil},
		{"several endpoints are allowed", Config{Endpoints: []string{"http://127.0.0.1:1", "http://[::1]:2379"}}, nil},
		{"all of TLS is accepted", Config{Endpoints: secure, CA: files.ca, Cert: files.clientCert, Key: files.clientKey}, nil},
		{"no endpoint is refused", Config{}, []string{"endpoints", "none"}},
		{"an endpoint without scheme is refused", Config{Endpoints: []string{"10.0.0.5:2379"}}, []string{"endpoint", "10.0.0.5:2379", "http://"}},
		{"an endpoint of a foreign scheme is refused", Config{Endpoints: []string{"ftp://10.0.0.5:2379"}}, []string{"ftp://10.0.0.5:2379"}},
		{"an endpoint without port is refused", Config{Endpoints: []string{"http://10.0.0.5"}}, []string{"http://10.0.0.5"}},
		{"an endpoint with a path is refused", Config{Endpoints: []string{"http://10.0.0.5:2379/v2"}}, []string{"http://10.0.0.5:2379/v2"}},
		{"mixed schemes are refused", Config{Endpoints: []string{"http://10.0.0.5:2379", "https://10.0.0.6:2379"}}, []string{"https://10.0.0.6:2379", "mix"}},
		{"a missing ca is refused", Config{Endpoints: secure, CA: missing}, []string{"ca", missing}},
		{"a ca without certificate is refused", Config{Endpoints: secure, CA: garbage}, []string{"ca", garbage}},
		{"a ca for http is refused", Config{Endpoints: plain, CA: files.ca}, []string{"ca", files.ca, "https"}},
		{"a cert without key is refused", Config{Endpoints: secure, Cert: files.clientCert}, []string{"cert", files.clientCert, "key"}},
		{"a key without cert is refused", Config{Endpoints: secure, Key: files.clientKey}, []string{"key", files.clientKey, "cert"}},
		{"a key of another cert is refused", Config{Endpoints: secure, Cert: files.clientCert, Key: files.serverKey}, []string{"key", files.serverKey}},
		{"a cert that is none is refused", Config{Endpoints: secure, Cert: garbage, Key: files.clientKey}, []string{"cert", garbage}},
		{"a user without password is refused", Config{Endpoints: plain, User: "rundock"}, []string{"user", "rundock", "password_file"}},
		{"a password without user is refused", Config{Endpoints: plain, PasswordFile: empty}, []string{"password_file", empty, "user"}},
		{"a missing password file is refused", Config{Endpoints: plain, User: "rundock", PasswordFile: missing}, []string{"password_file", missing}},
		{"an empty password file is refused", Config{Endpoints: plain, User: "rundock", PasswordFile: empty}, []string{"password_file", empty, "empty"}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			client, err := Open(c.cfg, slog.New(slog.DiscardHandler))
			if err == nil {
				defer client.Close()
			}
			switch {
			case c.names == nil && err != nil:
				t.Errorf("Open = %v, want nil", err)
			case c.names != nil && err == nil:
				t.Error("Open = nil, want an error")
			case err != nil:
				registrytest.Contains(t, "error", err.Error(), c.names...)
			}
		})
	}
}
