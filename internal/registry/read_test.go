package registry

import (
	"fmt"
	"testing"

	"rundock/internal/registry/etcdtest"
)

func TestRead_tells_who_holds_a_key_and_for_how_long(t *testing.T) {
	t.Parallel()
	eachEtcd(t, func(t *testing.T, server *etcdtest.Server) {
		client := patient(t, server)
		held := item("m1/web", "a")
		a := announce(t, client, held)
		eventually(t, "the key is held", a.held)
		put(t, server.Admin(), "/s/web/by-hand", `{"host":"10.0.0.9"}`)

		keys := []string{held.Key, "/s/web/nobody", "/s/web/by-hand"}
		found, err := client.Read(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "keys", len(found), 3)
		want(t, "holder", found[0].ID, "m1/web")
		want(t, "value", string(found[0].Value), string(held.Value))
		want(t, "a key that is not there", found[1].Exists, false)
		want(t, "holder of a record written by hand", found[2].ID, "a record without an id")
		want(t, "its lease", found[2].Lease, 0)

		left, err := client.Left(t.Context(), found[0].Lease)
		if err != nil || left <= 0 || left > testLease {
			t.Errorf("Left = %s, %v; want up to %s", left, err, testLease)
		}
		if gone, err := client.Left(t.Context(), 4711); err != nil || gone >= 0 {
			t.Errorf("Left of a lease that is not there = %s, %v; want less than 0", gone, err)
		}
	})
}

func TestRead_takes_more_keys_than_one_exchange(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, etcdtest.Kinds[0], nil)
	client := patient(t, server)
	var keys []string
	for i := range 2*readKeys + 1 {
		keys = append(keys, fmt.Sprintf("/s/web/node-%d", i))
	}
	put(t, server.Admin(), keys[2*readKeys], `{"id":"last"}`)
	var found []Found
	eventually(t, "it answers", func() (ok bool) {
		var err error
		found, err = client.Read(t.Context(), keys)
		return err == nil
	})
	want(t, "keys", len(found), len(keys))
	want(t, "the last one's holder", found[2*readKeys].ID, "last")
}

func TestRead_names_an_etcd_that_is_not_there(t *testing.T) {
	client, err := Open(Config{Endpoints: []string{"http://127.0.0.1:1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Read(t.Context(), []string{"/s/web"})
	want(t, "error", fmt.Sprint(err), "read the records: etcd: dial tcp 127.0.0.1:1: connect: connection refused")
}
