package main

import (
	"testing"

	"github.com/hashicorp/consul/api"

	"rundock/internal/await"
	"rundock/internal/registry/consultest"
)

// TestConsulsCatalog: with --consul-catalog dnsd answers records in Consul's KV and
// services of its catalog, without it the records alone.
func TestConsulsCatalog(t *testing.T) {
	t.Parallel()
	c := consultest.Start(t, nil)
	admin := c.Admin("")
	await.Nil(t, "a record is written", func() error {
		_, err := admin.KV().Put(&api.KVPair{Key: "skydns/com/example/prod/s/db", Value: []byte(`{"host":"10.1.0.1"}`)}, nil)
		return err
	})
	if err := admin.Agent().ServiceRegister(&api.AgentServiceRegistration{Name: "legacy", Address: "10.1.0.2", Port: 80}); err != nil {
		t.Fatal(err)
	}
	args := []string{"--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--snapshot=", "--host-config=" + hostFile(t), "--consul=" + c.URL}
	with, without := start(t, append(args, "--consul-catalog")...), start(t, args...)
	await.True(t, "both are answered", func() bool { return with.answers("db", "legacy") })
	await.True(t, "the record is answered", func() bool { return without.answers("db") })
	if without.answers("legacy") {
		t.Error("a service of the catalog is answered unasked")
	}
	if err := admin.Agent().ServiceDeregister("legacy"); err != nil {
		t.Fatal(err)
	}
	await.True(t, "what is removed is not answered", func() bool { return !with.answers("legacy") })
}
