package storeagent

import (
	"context"
	"fmt"
	"testing"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/hostinfo"
	"rundock/internal/registry/etcdtest"
)

func TestHost_says_how_it_is_and_a_successor_of_another_version_goes_on(t *testing.T) {
	e := etcdtest.Start(t, "embedded", nil)
	host := hostconfig.Config{Version: 1, Host: "node-1", Domain: "example.com", Label: "s", StoreAgent: true, Etcd: hostconfig.Etcd{Endpoints: []string{e.URL}}}
	dir := folder(t)
	for _, version := range []string{"v1", "v2"} {
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- run(ctx, host, dir, version, quietLog) }()
		await.Empty(t, "the store has "+version, func() string {
			keys, err := e.Keys(t.Context(), hostinfo.Prefix)
			i, wrong := hostinfo.Parse([]byte(keys[hostinfo.Key("node-1")]))
			if err != nil || wrong != nil || len(keys) != 1 || i.Version != version || i.CPUs < 1 || i.Memory < 1 {
				return fmt.Sprint(keys, err, wrong)
			}
			return ""
		})
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
	answer, err := e.Admin().Get(t.Context(), hostinfo.Key("node-1"))
	if err != nil || len(answer.Kvs) == 1 && answer.Kvs[0].Lease == 0 {
		t.Errorf("what it says does not go away with it: %v, %v", answer, err)
	}
}
