package registrytest

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
)

func transactsInTurn(t *testing.T, server Server) {
	store := server.Patient(t)
	server.Put(t, "/t/a", "1")
	server.Put(t, "/t/b", "1")
	one, two := []byte("1"), []byte("2")
	tests := []struct {
		name  string
		swaps []registry.Swap
		done  bool
		left  string // of a, b and c, "-" for none
	}{
		{"one of two is not as expected", []registry.Swap{{Key: "/t/a", Old: one, New: two}, {Key: "/t/b", Old: two, New: one}}, false, "1 1 -"},
		{"one of two may not be there", []registry.Swap{{Key: "/t/c", New: one}, {Key: "/t/b", New: two}}, false, "1 1 -"},
		{"both are", []registry.Swap{{Key: "/t/a", Old: one, New: two}, {Key: "/t/b", Old: one, New: two}}, true, "2 2 -"},
		{"one is made, one deleted, one only compared", []registry.Swap{{Key: "/t/b", Old: two, New: two}, {Key: "/t/a", Old: two}, {Key: "/t/c", New: one}}, true, "- 2 1"},
		{"what is compared is another", []registry.Swap{{Key: "/t/b", Old: one, New: one}, {Key: "/t/c", Old: one}}, false, "- 2 1"},
		{"what is compared is not there", []registry.Swap{{Key: "/t/a", Old: one, New: one}, {Key: "/t/c", Old: one}}, false, "- 2 1"},
		{"what must not be there is not", []registry.Swap{{Key: "/t/a"}, {Key: "/t/c", Old: one, New: two}}, true, "- 2 2"},
		{"what must not be there is", []registry.Swap{{Key: "/t/b"}, {Key: "/t/c", Old: two, New: one}}, false, "- 2 2"},
		{"nor anything below", []registry.Swap{{Key: "/t/c", Old: two, New: one, Absent: []string{"/t/"}}}, false, "- 2 2"},
	}
	for _, tt := range tests {
		var done bool
		transact := func() (err error) { done, err = store.Transact(t.Context(), tt.swaps); return err }
		if !tt.done {
			await.Nil(t, tt.name, transact)
		} else if err := transact(); err != nil { // an answer may get lost, and the write with it be repeated in vain
			t.Fatal(err)
		}
		Want(t, tt.name, done, tt.done)
		var left []string
		for _, key := range []string{"/t/a", "/t/b", "/t/c"} {
			value, there := server.Get(t, key)
			if !there {
				value = "-"
			}
			left = append(left, value)
		}
		Want(t, tt.name+": left", strings.Join(left, " "), tt.left)
	}
	var many []registry.Swap
	for i := range 20 {
		many = append(many, registry.Swap{Key: fmt.Sprint("/many/", i), New: one})
	}
	done, err := store.Transact(t.Context(), many)
	if err != nil {
		t.Fatal(err)
	}
	Want(t, "twenty at once", done, true)
}

// comparesLeased: a lock is compared by writes that it fences, and ends with its
// lease all the same.
func comparesLeased(t *testing.T, server Server) {
	store := server.Patient(t)
	a := Announce(t, store, server.Lease(), registry.Item{Key: "/lock", Value: []byte(`{"id":"a"}`), ID: "a"})
	await.True(t, "the lock is held", a.Held)
	lock := []byte(`{"id":"a"}`)
	done, err := store.Transact(t.Context(), []registry.Swap{{Key: "/lock", Old: lock, New: lock}, {Key: "/fenced", New: []byte("1")}})
	if err != nil {
		t.Fatal(err)
	}
	Want(t, "fenced write", done, true)
	found, err := store.Read(t.Context(), []string{"/lock"})
	if err != nil {
		t.Fatal(err)
	}
	if found[0].Lease == "" {
		t.Error("the lock is under no lease any more")
	}
}
