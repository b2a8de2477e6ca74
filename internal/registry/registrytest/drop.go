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
					there, err := registry.Drop(t.Context(), store, []string{key}, "m1/web")
					found = found || there
					return err
				})
				Want(t, c.claim+": found", found, c.found)
				_, left := server.Get(t, key)
				Want(t, c.claim, left, c.left)
			}
		}},
		{"takes away all of several keys", func(t *testing.T, server Server) {
			store := server.Open(t)
			keys := []string{"/skydns/none", "/skydns/web", "/skydns/others", "/skydns/alias"}
			for key, id := range map[string]string{keys[1]: "m1/web", keys[2]: "m2/web", keys[3]: "m1/web"} {
				server.Put(t, key, `{"host":"10.0.0.7","id":"`+id+`"}`)
			}
			await.Nil(t, "the keys are taken away", func() error {
				_, err := registry.Drop(t.Context(), store, keys, "m1/web")
				return err
			})
			for key, want := range map[string]bool{keys[1]: false, keys[2]: true, keys[3]: false} {
				_, left := server.Get(t, key)
				Want(t, key+" is there", left, want)
			}
		}},
		{"names the key and a store that is not there", func(t *testing.T, server Server) {
			server.Kill()
			_, err := registry.Drop(t.Context(), server.Open(t), []string{"/s/web", "/s/db"}, "m1/web")
			Contains(t, "error", fmt.Sprint(err), "withdraw /s/web (it ends with its lease): ", server.Address(), "connection refused")
		}},
	})
}
