package registry

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rundock/internal/registry/etcdtest"
)

func TestDrop_takes_away_what_is_of_the_same_id(t *testing.T) {
	eachEtcd(t, func(t *testing.T, server *etcdtest.Server) {
		admin, client := server.Admin(), open(t, server, Config{})
		for _, c := range []struct {
			claim, value string
			found        bool
			left         int64
		}{
			{"ours goes", `{"host":"10.0.0.7","id":"m1/web"}`, true, 0},
			{"another's stays", `{"host":"10.0.0.7","id":"m2/web"}`, false, 1},
			{"what nobody signed stays", `{"host":"10.0.0.7"}`, false, 1},
			{"what is no record stays", "text", false, 1},
			{"nothing is no error", "", false, 0},
		} {
			key := "/skydns/" + strings.ReplaceAll(c.claim, " ", "-")
			if c.value != "" {
				put(t, admin, key, c.value)
			}
			found := false
			must(t, func(ctx context.Context) error {
				there, err := client.Drop(ctx, key, "m1/web")
				found = found || there
				return err
			})
			want(t, c.claim+": found", found, c.found)
			must(t, func(ctx context.Context) error {
				r, err := admin.Get(ctx, key)
				if err == nil {
					want(t, c.claim, r.Count, c.left)
				}
				return err
			})
		}
	})
}

func TestDrop_names_the_key_and_an_etcd_that_is_not_there(t *testing.T) {
	client, err := Open(Config{Endpoints: []string{"http://127.0.0.1:1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Drop(t.Context(), "/s/web", "m1/web")
	want(t, "error", fmt.Sprint(err), "withdraw /s/web (it ends with its lease): read the records: etcd: dial tcp 127.0.0.1:1: connect: connection refused")
}
