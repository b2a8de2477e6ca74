package registrytest

import (
	"fmt"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
)

func testRead(t *testing.T, start func(t *testing.T) Server) {
	each(t, start, []aCase{
		{"tells who holds a key and for how long", func(t *testing.T, server Server) {
			store := server.Patient(t)
			held := Item("m1/web", "a")
			a := Announce(t, store, server.Lease(), held)
			await.True(t, "the key is held", a.Held)
			server.Put(t, "/s/web/by-hand", `{"host":"10.0.0.9"}`)

			found, err := store.Read(t.Context(), []string{held.Key, "/s/web/nobody", "/s/web/by-hand"})
			if err != nil {
				t.Fatal(err)
			}
			Want(t, "keys", len(found), 3)
			Want(t, "holder", found[0].ID, "m1/web")
			Want(t, "value", string(found[0].Value), string(held.Value))
			Want(t, "a key that is not there", found[1].Exists, false)
			Want(t, "holder of a record written by hand", found[2].ID, "a record without an id")
			Want(t, "its lease", found[2].Lease, "")

			left, err := store.Left(t.Context(), found[0].Lease)
			if err != nil || left <= 0 || left > server.Lease() {
				t.Errorf("Left = %s, %v; want up to %s", left, err, server.Lease())
			}
			listed, _, err := store.List(t.Context(), "/s/")
			if err != nil {
				t.Fatal(err)
			}
			Want(t, "listed", len(listed), 2)
			Want(t, "the first key", listed[0].Key, "/s/web/by-hand")
			Want(t, "the lease of the second", listed[1].Lease, found[0].Lease)
		}},
		{"says of a lease that ended that it is gone", func(t *testing.T, server Server) {
			store := server.Patient(t)
			a := Announce(t, store, server.Lease(), Item("m1/web", "a"))
			await.True(t, "the key is held", a.Held)
			lease := a.leaseName()
			Want(t, "end", a.End(nil), nil)
			await.Empty(t, "the lease is gone", func() string {
				left, err := store.Left(t.Context(), lease)
				if err != nil || left >= 0 {
					return fmt.Sprintf("Left = %s, %v; want less than 0", left, err)
				}
				return ""
			})
		}},
		{"takes more keys than one exchange", func(t *testing.T, server Server) {
			store := server.Patient(t)
			var keys []string
			for i := range 300 {
				keys = append(keys, fmt.Sprintf("/s/web/node-%d", i))
			}
			server.Put(t, keys[299], `{"id":"last"}`)
			var found []registry.Found
			await.Nil(t, "it answers", func() (err error) { found, err = store.Read(t.Context(), keys); return err })
			Want(t, "keys", len(found), len(keys))
			Want(t, "the last one's holder", found[299].ID, "last")
		}},
		{"names a store that is not there", func(t *testing.T, server Server) {
			server.Kill()
			_, err := server.Open(t).Read(t.Context(), []string{"/s/web"})
			Contains(t, "error", fmt.Sprint(err), "read the records: ", server.Address(), "connection refused")
		}},
	})
}
