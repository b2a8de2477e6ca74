package etcd

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

// Who holds many keys, each by itself, watches over them on one stream, which goes
// with the last of them.
func TestHoldsShareAStream(t *testing.T) {
	eachEtcd(t, func(t *testing.T, e *etcdtest.Server) {
		client, admin := patient(t, e), e.Admin()
		watching := func(streams, watches string) func() string {
			return func() string {
				for name, want := range map[string]string{"watch_stream": streams, "watcher": watches} {
					if got := metric(e.URL, "etcd_debugging_mvcc_"+name+"_total"); got != want {
						return fmt.Sprintf("%s is %q, want %s", name, got, want)
					}
				}
				return ""
			}
		}
		var all []*registrytest.Announcer
		for i := range 20 {
			item := registrytest.Item("m1/web", "a")
			item.Key = fmt.Sprint("/s/web/node-", i)
			all = append(all, registrytest.Announce(t, client, 6*registry.MinLease, item))
		}
		await.Empty(t, "20 watches are on one stream", watching("1", "20"))
		// One that somebody takes away is put back, and the others stay.
		remove(t, admin, "/s/web/node-7")
		await.True(t, "all are held, one of them again", func() bool {
			got, err := admin.Get(t.Context(), "/s/web/", clientv3.WithPrefix(), clientv3.WithCountOnly())
			return err == nil && got.Count == 20 && !slices.ContainsFunc(all, func(a *registrytest.Announcer) bool { return !a.Held() })
		})
		for _, a := range all[1:] {
			if err := a.End(nil); err != nil {
				t.Error(err)
			}
		}
		await.Empty(t, "one watch is left", watching("1", "1"))
		if err := all[0].End(nil); err != nil {
			t.Error(err)
		}
		await.Empty(t, "the stream is gone", watching("0", "0"))
	})
}

// metric is what etcd says of itself, "" where it does not.
func metric(url, name string) (value string) {
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == name {
			value = words[1]
		}
	}
	return value
}
