package registrytest

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
)

func testDrop(t *testing.T, start func(t *testing.T) Server) {
	each(t, start, []aCase{
		{"takes away what is of the same id", func(t *testing.T, server Server) {
			store := server.Open(t)
			for _, c := range []struct {
				claim, value string
				found, left  bool
			}{
				{"ours goes", `{"host":"10.0.0.7","id":"m1/web"}`, true, false},
				{"another's stays", `{"host":"10.0.0.7","id":"m2/web"}`, false, true},
				{"what nobody signed stays", `{"host":"10.0.0.7"}`, false, true},
				{"what is no record stays", "text", false, true},
				{"nothing is no error", "", false, false},
			} {
				key := "/skydns/" + strings.ReplaceAll(c.claim, " ", "-")
				if c.value != "" {
					server.Put(t, key, c.value)
				}
				found := false
				await.Nil(t, c.claim, func() error {
					there, err := registry.Drop(t.Context(), store, key, "m1/web")
					found = found || there
					return err
				})
				Want(t, c.claim+": found", found, c.found)
				_, left := server.Get(t, key)
				Want(t, c.claim, left, c.left)
			}
		}},
		{"names the key and a store that is not there", func(t *testing.T, server Server) {
			server.Kill()
			_, err := registry.Drop(t.Context(), server.Open(t), "/s/web", "m1/web")
			Contains(t, "error", fmt.Sprint(err), "withdraw /s/web (it ends with its lease): ", server.Address(), "connection refused")
		}},
	})
}
