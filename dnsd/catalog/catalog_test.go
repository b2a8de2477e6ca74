package catalog

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"rundock/internal/await"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/registrytest"
)

const zone = "s.example.com."

func TestRecords(t *testing.T) {
	for claim, c := range map[string]struct {
		all  []consul.Instance
		want string // keys without what all have, values without owner and TTL
	}{
		"an instance": {
			[]consul.Instance{{Service: "web", Node: "db-1", ID: "web1", Address: "10.0.0.7", Port: 80, Weight: 1, Tags: []string{"a"}, Meta: map[string]string{"k": "v"}}},
			`web/db-1-80 {"host":"10.0.0.7","port":80,"weight":100,"tags":["a"],"meta":{"k":"v"}}`,
		},
		"two on a node": {
			[]consul.Instance{{Service: "web", Node: "db-1", ID: "a", Address: "10.0.0.7", Port: 80}, {Service: "web", Node: "db-1", ID: "b", Address: "10.0.0.7", Port: 81}},
			`web/db-1-80 {"host":"10.0.0.7","port":80} web/db-1-81 {"host":"10.0.0.7","port":81}`,
		},
		"two at one port of a node": {
			[]consul.Instance{{Service: "web", Node: "db-1", ID: "a", Address: "10.0.0.7", Port: 80}, {Service: "web", Node: "db-1", ID: "b", Address: "10.0.0.8", Port: 80}},
			`web/db-1-80 {"host":"10.0.0.7","port":80} web/db-1-80-2 {"host":"10.0.0.8","port":80}`,
		},
		"names in other letters": {
			[]consul.Instance{{Service: "Web", Node: "DB.example.com", Address: "10.0.0.7"}},
			`web/db-example-com-0 {"host":"10.0.0.7"}`,
		},
		"a weight": {
			[]consul.Instance{{Service: "web", Node: "a", Address: "10.0.0.7", Weight: 3}, {Service: "web", Node: "b", Address: "10.0.0.7", Weight: 1000}},
			`web/a-0 {"host":"10.0.0.7","weight":300} web/b-0 {"host":"10.0.0.7","weight":65535}`,
		},
		"names that are no label": {
			[]consul.Instance{{Service: "a.b", Node: "a"}, {Service: "a b", Node: "a"}, {Service: "-a", Node: "a"}, {Service: strings.Repeat("a", 64), Node: "a"}},
			"",
		},
	} {
		var all []string
		got := records("/skydns", zone, c.all)
		for _, key := range slices.Sorted(maps.Keys(got)) {
			value := got[key]
			if i := strings.Index(value, `,"id":`); i > 0 {
				value = value[:i] + "}"
			}
			all = append(all, strings.TrimPrefix(key, "/skydns/com/example/s/")+" "+strings.Replace(value, `,"ttl":5`, "", 1))
		}
		if got := strings.Join(all, " "); got != c.want {
			t.Errorf("%s: records =\n%s, want\n%s", claim, got, c.want)
		}
	}
}

// On a real agent: what passes comes, goes while it does not, and what rundock has
// mirrored is not there twice. A list of the records anew takes nothing away.
func TestFollowsTheCatalog(t *testing.T) {
	c := consultest.Start(t, nil)
	admin := c.Admin("")
	client, err := consul.Open(consul.Config{Address: c.URL}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	register := func(name string, port int, meta map[string]string) {
		t.Helper()
		service := &api.AgentServiceRegistration{Name: name, Address: "10.0.0.7", Port: port, Meta: meta, Check: &api.AgentServiceCheck{TTL: "1h", Status: "critical"}}
		await.Nil(t, "the agent takes "+name, func() error { return admin.Agent().ServiceRegister(service) })
	}
	state := func(name, status string) {
		t.Helper()
		await.Nil(t, "the agent takes "+name+" to "+status, func() error { return admin.Agent().UpdateTTL("service:"+name, "", status) })
	}
	register("web", 80, nil)
	register("mirrored", 90, map[string]string{"rundock-key": "/skydns/com/example/s/mirrored/node-1"})
	state("mirrored", "pass")
	if _, err := admin.KV().Put(&api.KVPair{Key: "skydns/com/example/s/db/node-1", Value: []byte(`{"host":"10.0.0.9"}`)}, nil); err != nil {
		t.Fatal(err)
	}
	node, err := admin.Agent().NodeName()
	if err != nil {
		t.Fatal(err)
	}
	store := Store{Client: client, Prefix: "/skydns", Zone: zone, Log: slog.New(slog.DiscardHandler)}
	f := registrytest.Follow(t, store, "/skydns/")
	entry := func(name string, port int) (string, string) {
		return fmt.Sprintf("/skydns/com/example/s/%s/%s-%d", name, label(node), port),
			fmt.Sprintf(`{"host":"10.0.0.7","port":%d,"weight":100,"ttl":5,"id":"consul/%s/%s"}`, port, node, name)
	}
	has := func(what string, services ...string) {
		t.Helper()
		want := map[string]string{"/skydns/com/example/s/db/node-1": `{"host":"10.0.0.9"}`}
		for i, name := range services {
			key, value := entry(name, 80+i)
			want[key] = value
		}
		await.True(t, what, f.Has(want))
	}
	has("what is critical is not there")
	state("web", "pass")
	has("what passes is", "web")
	register("api", 81, nil)
	state("api", "pass")
	has("what is new is as well", "web", "api")
	c.Kill()
	c.Restart()
	has("all is there after a restart of the agent", "web", "api")
	state("web", "fail")
	state("api", "fail")
	has("what fails is gone")
	register("batch", 82, nil)
	state("batch", "pass")
	batch, _ := entry("batch", 82)
	await.Empty(t, "List has the same", func() string {
		keys, _, err := store.List(t.Context(), "/skydns/com/example/s/")
		var listed []string
		for _, k := range keys {
			listed = append(listed, k.Key)
		}
		if want := []string{batch, "/skydns/com/example/s/db/node-1"}; err != nil || !slices.Equal(listed, want) {
			return fmt.Sprintf("%q %v, want %q", listed, err, want)
		}
		return ""
	})
}
