package main

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"rundock/internal/moduletest/storetest"
	"rundock/internal/registry/consultest"
)

// A key from nothing to nothing.
func TestKey(t *testing.T) {
	h := storetest.New(t, "rundock_kv")
	_, a := h.Apply(args{"key": "backend/current", "value": "blue"}, "key written")
	if h.Get("/backend/current") != "blue" || len(a.Diff) != 1 || a.Diff[0].Before != "" || a.Diff[0].After != "blue\n" {
		t.Errorf("the key is %q, the answer %s", h.Get("/backend/current"), a.Raw)
	}
	_, a = h.Apply(args{"key": "/backend/current", "value": "green", "expect": "blue"}, "key updated")
	if a.Diff[0].Before != "blue\n" || a.Diff[0].After != "green\n" || a.Diff[0].AfterHeader != "etcd:/backend/current" {
		t.Errorf("diff = %+v", a.Diff)
	}
	h.Apply(args{"key": "empty", "value": ""}, "key written")
	h.Apply(args{"key": "number", "value": 8086}, "key written")
	if h.Get("/number") != "8086" {
		t.Errorf("a number is %q", h.Get("/number"))
	}
	h.Apply(args{"key": "backend/current", "state": "absent"}, "key removed")
	if h.Get("/backend/current") != "" {
		t.Error("the key is left")
	}
}

func TestSecret_is_shown_nowhere(t *testing.T) {
	h := storetest.New(t, "rundock_kv")
	h.Put("/password", "hunter1")
	given := args{"key": "password", "value": "hunter2", "secret": true, "_ansible_inject_invocation": true}
	for _, mode := range []string{"check_mode", "diff"} {
		if a := h.Call(given, mode); a.Failed || !a.Changed || strings.Contains(a.Raw, "hunter") || !strings.Contains(a.Raw, "secret content") {
			t.Errorf("with %s the answer is %s", mode, a.Raw)
		}
	}
	if h.Get("/password") != "hunter2" {
		t.Errorf("the key is %q", h.Get("/password"))
	}
	given["expect"], given["value"] = "hunter3", "hunter4"
	if a := h.Call(given); !a.Failed || strings.Contains(a.Raw, "hunter") || !strings.Contains(a.Msg, "key password is (another secret)") {
		t.Errorf("what is not expected: %s", a.Raw)
	}
	given["valeu"] = "x"
	if a := h.Call(given); !a.Failed || strings.Contains(a.Raw, "hunter") {
		t.Errorf("a wrong parameter: %s", a.Raw)
	}
}

// What is wrong is named, and nothing of the store changes.
func TestRefuses(t *testing.T) {
	h := storetest.New(t, "rundock_kv")
	h.Put("/backend/current", "blue")
	h.Lease("/held", "x")
	current := args{"key": "backend/current", "value": "green"}
	for _, c := range []struct {
		change args
		want   string
	}{
		{args{"expect": "red"}, `key backend/current is "blue", and was to be "red"`},
		{args{"expect_absent": true}, `key backend/current is there, with "blue", and was to be absent`},
		{args{"key": "none", "expect": "red"}, `key none is not there, and was to be "red"`},
		{args{"key": "held"}, "key held is held under a lease"},
		{args{"key": "skydns/com/example/s/web/node-1"}, "skydns is rundock's own; records are written by rundock_record"},
		{args{"key": "/rundock/v1/switch/web"}, "rundock is rundock's own"},
		{args{"key": "backend/"}, `key "backend/": want names with a slash between`},
		{args{"key": "a//b"}, `key "a//b": want names`},
		{args{"key": ""}, `key "": want names`},
		{args{"value": nil}, "value"},
		{args{"expect": "blue", "expect_absent": true}, "expect and expect_absent exclude each other"},
		{args{"store": "consul"}, `there are no settings for store "consul"`},
		{args{"store": "redis"}, "value of store must be one of: etcd, consul"},
		{args{"cas": "blue"}, "cas (say expect"},
		{args{"valeu": "blue"}, "valeu (did you mean value?)"},
	} {
		given := maps.Clone(current)
		maps.Copy(given, c.change)
		maps.DeleteFunc(given, func(_ string, v any) bool { return v == nil })
		h.Refuses(given, c.want)
	}
	h.Etcd.Kill()
	h.Refuses(current, strings.TrimPrefix(h.Etcd.URL, "http://"))
}

// Of several that expect one value, one writes.
func TestCompare_and_set(t *testing.T) {
	h := storetest.New(t, "rundock_kv")
	h.Put("/leader", "none")
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 4 {
		all.Go(func() {
			a := h.Call(args{"key": "leader", "value": fmt.Sprint("host-", i), "expect": "none"})
			mu.Lock()
			defer mu.Unlock()
			if a.Changed {
				won++
			} else if !strings.Contains(a.Msg, `and was to be "none"`) {
				t.Errorf("one that lost says %s", a.Raw)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d of 4 calls have written, want 1", won)
	}
}

// Consul has the same keys, and its own word for a token that is wrong.
func TestConsul(t *testing.T) {
	h := storetest.New(t, "rundock_kv")
	const secret = "e95b599e-166e-7d80-08ad-aee76e7ddf19"
	consul := consultest.Start(t, consultest.WithACL(secret))
	consul.Put(secret, "ready", "")
	h.Write("/etc/rundock/token", secret)
	h.Reconfigure(fmt.Sprintf(`{"version":1,"host":"node-1","domain":"example.com","label":"s","consul":{"address":%q,"token_file":"/etc/rundock/token"}}`, consul.URL))
	h.Apply(args{"key": "backend/current", "value": "blue"}, "key written")
	h.Apply(args{"key": "backend/current", "value": "", "expect": "blue"}, "key updated")
	h.Apply(args{"key": "backend/current", "value": "green", "expect": ""}, "key updated")
	if got, there := consul.Get(secret, "backend/current"); !there || got != "green" {
		t.Errorf("Consul has %q, %v, want green", got, there)
	}
	h.Apply(args{"key": "backend/current", "state": "absent"}, "key removed")
	h.Write("/etc/rundock/token", "11111111-166e-7d80-08ad-aee76e7ddf19")
	h.Refuses(args{"key": "backend/current", "value": "blue"}, "consul: ACL not found")
	if got, there := consul.Get(secret, "backend/current"); there {
		t.Errorf("with a wrong token %q was written", got)
	}
}
