package consul

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/registrytest"
)

func TestOpen_names_the_bad_setting(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]Config{
		"consul address: none given":                                             {},
		`consul address "127.0.0.1:8500": want a scheme`:                         {Address: "127.0.0.1:8500"},
		`consul address "http://127.0.0.1": want http://address:port`:            {Address: "http://127.0.0.1"},
		`consul address "http://127.0.0.1:8500/ui": want`:                        {Address: "http://127.0.0.1:8500/ui"},
		"consul token_file: open " + missing:                                     {Address: "http://127.0.0.1:8500", TokenFile: missing},
		"consul token_file " + empty + ": it is empty":                           {Address: "http://127.0.0.1:8500", TokenFile: empty},
		"consul ca /ca.pem: set, but address http://127.0.0.1:8500 is not https": {Address: "http://127.0.0.1:8500", CA: "/ca.pem"},
		"consul ca: open " + missing:                                             {Address: "https://127.0.0.1:8500", CA: missing},
	} {
		if _, err := Open(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%+v) = %v, want it to say %q", cfg, err, want)
		}
	}
}

// A token may announce the records of its own zone and nothing else.
const zoneRules = `
key_prefix "skydns/com/example/" { policy = "write" }
key_prefix "rundock/v1/cluster" { policy = "read" }
session_prefix "" { policy = "write" }
`

// With these it may write and read the catalog.
const catalogRules = `
service_prefix "" { policy = "write" }
node_prefix "" { policy = "read" }
`

func TestToken(t *testing.T) {
	t.Parallel()
	const master = "5a1e9c0a-0000-4000-8000-000000000001"
	server := consultest.Start(t, map[string]any{
		"primary_datacenter": "dc1",
		"acl":                map[string]any{"enabled": true, "default_policy": "deny", "tokens": map[string]any{"master": master}},
	})
	admin := server.Admin(master)
	secret := func(name, rules string) string {
		var token *api.ACLToken
		must(t, func(ctx context.Context) error {
			q := (&api.WriteOptions{}).WithContext(ctx)
			policy, _, err := admin.ACL().PolicyCreate(&api.ACLPolicy{Name: name, Rules: rules}, q)
			if err != nil && !strings.Contains(err.Error(), "already exists") {
				return err
			}
			if policy == nil {
				return errors.New("the policy was made without an answer")
			}
			token, _, err = admin.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLTokenPolicyLink{{ID: policy.ID}}}, q)
			return err
		})
		return token.SecretID
	}
	file := filepath.Join(t.TempDir(), "token")
	write := func(secret string) {
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("5a1e9c0a-0000-4000-8000-00000000dead")
	client := open(t, Config{Address: server.URL, TokenFile: file})
	ours := registry.Item{Key: "/skydns/com/example/web/node-1", Value: []byte(`{"host":"10.0.0.1","id":"m1/web"}`), ID: "m1/web"}
	a := registrytest.Announce(t, client, shortest, ours)
	registrytest.Names(t, "reason with an unknown token", a.Reason, "consul: ", "ACL not found")
	write(secret("zone", zoneRules))
	await.True(t, "it holds with the token that is in the file now", a.Held)

	foreign := registrytest.Announce(t, client, shortest, registry.Item{Key: "/skydns/org/web", Value: ours.Value, ID: ours.ID})
	registrytest.Names(t, "reason for a key of another zone", foreign.Reason, "consul: Permission denied: /skydns/org/web")
	f := registrytest.Follow(t, client, "/skydns/com/example/")
	await.True(t, "its zone is listed", f.Has(map[string]string{ours.Key: string(ours.Value)}))
	if got := f.Batches()[0].Cluster; got != 0 {
		t.Errorf("cluster = %x, want 0: there is none, and the token may not make one", got)
	}

	entry := Entry{Key: ours.Key, Name: "web", Address: "10.0.0.1", Port: 80}
	if err := client.Mirror(t.Context(), []Entry{entry}, nil); err == nil || !strings.Contains(err.Error(), "put "+ours.Key+" into the catalog: consul: Permission denied") {
		t.Errorf("Mirror = %v, want that it is not permitted", err)
	}
	write(secret("catalog", catalogRules))
	if err := client.Mirror(t.Context(), []Entry{entry}, nil); err != nil {
		t.Errorf("Mirror = %v, want that it is permitted", err)
	}
	if err := admin.Agent().ServiceRegister(&api.AgentServiceRegistration{Name: "legacy", Port: 81}); err != nil {
		t.Fatal(err)
	}
	await.Empty(t, "others' services are listed, and ours are not", func() string {
		all, err := client.Instances(t.Context())
		if err != nil || len(all) != 1 || all[0].Service != "legacy" || all[0].Port != 81 {
			return fmt.Sprintf("%+v %v", all, err)
		}
		return ""
	})
}

func TestWithoutLeader(t *testing.T) {
	t.Parallel()
	server := consultest.Start(t, map[string]any{"bootstrap_expect": 3})
	client := open(t, Config{Address: server.URL})
	a := registrytest.Announce(t, client, shortest, registrytest.Item("m1/web", "a"))
	registrytest.Names(t, "reason", a.Reason, "consul: No cluster leader")
	f := registrytest.Follow(t, client, "/s/")
	registrytest.Names(t, "reason of the watch", f.Reason, "watch /s/: consul: No cluster leader")
	if err := client.leader(t.Context()); err == nil {
		t.Error("leader = nil, want an error: one of three servers is there")
	}
}

// A key that is made between the look into a folder and the write that requires
// that it is empty lets the write fail.
func TestSwap_of_an_empty_folder_against_a_key_in_it(t *testing.T) {
	t.Parallel()
	server := consultest.Start(t, nil)
	client := tampered{server, server.Admin("")}.Patient(t).(*Client)
	ctx := t.Context()
	await.Nil(t, "Consul answers", func() error { _, _, err := client.List(ctx, "/"); return err })
	for round, claim := range []string{"a folder that never had a key", "a folder that had one"} {
		ops, may, err := client.absent(ctx, []string{"/net/subnets/"})
		if err != nil || !may {
			t.Fatalf("%s: absent = %v, %v; want that it is empty", claim, may, err)
		}
		key := registry.Swap{Key: "/net/subnets/1", New: []byte{byte(round)}}
		if done, err := client.Swap(ctx, key); err != nil || !done {
			t.Fatalf("%s: the key is not made: %v, %v", claim, done, err)
		}
		if _, done, err := client.txn(ctx, ops); err != nil || done {
			t.Errorf("%s: the write was made: %v, %v", claim, done, err)
		}
		if done, err := client.Swap(ctx, registry.Swap{Key: key.Key, Old: key.New}); err != nil || !done {
			t.Fatalf("%s: the key is not deleted: %v, %v", claim, done, err)
		}
	}
}
