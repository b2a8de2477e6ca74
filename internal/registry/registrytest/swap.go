package registrytest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
)

func testSwap(t *testing.T, start func(t *testing.T) Server) {
	each(t, start, []aCase{
		{"writes only what it expects", swapsInTurn},
		{"of several keys writes all or none", transactsInTurn},
		{"leaves a key that it only compares under its lease", comparesLeased},
		{"of many at once lets one win", func(t *testing.T, server Server) {
			store := server.Patient(t)
			await.Nil(t, "the store answers", func() error { _, _, err := store.List(t.Context(), "/"); return err })
			var won atomic.Int32
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					done, err := store.Swap(t.Context(), registry.Swap{Key: "/one", New: fmt.Append(nil, i)})
					if err != nil {
						t.Error(err)
					}
					if done {
						won.Add(1)
					}
				})
			}
			wg.Wait()
			Want(t, "winners", won.Load(), 1)
		}},
	})
}

func swapsInTurn(t *testing.T, server Server) {
	store := server.Patient(t)
	server.Put(t, "/there", "old")
	server.Put(t, "/empty", "")
	server.Put(t, "/below/1", "")
	tests := []struct {
		name string
		swap registry.Swap
		done bool
		left string // of the key, "-" if there is none
	}{
		{"another value is left alone", registry.Swap{Key: "/there", Old: []byte("other"), New: []byte("new")}, false, "old"},
		{"a key that should not be there is left alone", registry.Swap{Key: "/there", New: []byte("new")}, false, "old"},
		{"the value expected is replaced", registry.Swap{Key: "/there", Old: []byte("old"), New: []byte("new")}, true, "new"},
		{"not while another key is there", registry.Swap{Key: "/there", Old: []byte("new"), New: []byte("x"), Absent: []string{"/nosuch", "/empty"}}, false, "new"},
		{"but while none is", registry.Swap{Key: "/there", Old: []byte("new"), New: []byte("x"), Absent: []string{"/nosuch"}}, true, "x"},
		{"not while a key below another is there", registry.Swap{Key: "/there", Old: []byte("x"), New: []byte("y"), Absent: []string{"/below/"}}, false, "x"},
		{"but while none is below it", registry.Swap{Key: "/there", Old: []byte("x"), New: []byte("y"), Absent: []string{"/belo/"}}, true, "y"},
		{"a key that is not there has no value, not even an empty one", registry.Swap{Key: "/nosuch", Old: []byte{}, New: []byte("x")}, false, "-"},
		{"an empty value is one", registry.Swap{Key: "/empty", New: []byte("x")}, false, ""},
		{"a key is made", registry.Swap{Key: "/made", New: []byte("x")}, true, "x"},
		{"and deleted", registry.Swap{Key: "/made", Old: []byte("x")}, true, "-"},
	}
	for _, tt := range tests {
		var done bool
		swap := func() (err error) { done, err = store.Swap(t.Context(), tt.swap); return err }
		if !tt.done {
			await.Nil(t, tt.name, swap)
		} else if err := swap(); err != nil { // an answer may get lost, and the write with it be repeated in vain
			t.Fatal(err)
		}
		Want(t, tt.name, done, tt.done)
		left, there := server.Get(t, tt.swap.Key)
		if !there {
			left = "-"
		}
		Want(t, tt.name+": left", left, tt.left)
	}
}
