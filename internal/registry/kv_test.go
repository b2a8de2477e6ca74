package registry

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"rundock/internal/registry/etcdtest"
)

func TestSwap_writes_only_what_it_expects(t *testing.T) {
	t.Parallel()
	eachEtcd(t, func(t *testing.T, server *etcdtest.Server) {
		admin, client := server.Admin(), patient(t, server)
		put(t, admin, "/there", "old")
		put(t, admin, "/empty", "")
		put(t, admin, "/below/1", "")
		tests := []struct {
			name string
			swap Swap
			done bool
			left string // of the key, "-" if there is none
		}{
			{"another value is left alone", Swap{Key: "/there", Old: []byte("other"), New: []byte("new")}, false, "old"},
			{"a key that should not be there is left alone", Swap{Key: "/there", New: []byte("new")}, false, "old"},
			{"the value expected is replaced", Swap{Key: "/there", Old: []byte("old"), New: []byte("new")}, true, "new"},
			{"not while another key is there", Swap{Key: "/there", Old: []byte("new"), New: []byte("x"), Absent: []string{"/nosuch", "/empty"}}, false, "new"},
			{"but while none is", Swap{Key: "/there", Old: []byte("new"), New: []byte("x"), Absent: []string{"/nosuch"}}, true, "x"},
			{"not while a key below another is there", Swap{Key: "/there", Old: []byte("x"), New: []byte("y"), Absent: []string{"/below/"}}, false, "x"},
			{"but while none is below it", Swap{Key: "/there", Old: []byte("x"), New: []byte("y"), Absent: []string{"/belo/"}}, true, "y"},
			{"a key that is not there has no value, not even an empty one", Swap{Key: "/nosuch", Old: []byte{}, New: []byte("x")}, false, "-"},
			{"an empty value is one", Swap{Key: "/empty", New: []byte("x")}, false, ""},
			{"a key is made", Swap{Key: "/made", New: []byte("x")}, true, "x"},
			{"and deleted", Swap{Key: "/made", Old: []byte("x")}, true, "-"},
		}
		for _, tt := range tests {
			var done bool
			if tt.done { // an answer may get lost, and the write with it be repeated in vain
				var err error
				if done, err = client.Swap(t.Context(), tt.swap); err != nil {
					t.Fatal(err)
				}
			} else {
				must(t, func(ctx context.Context) (err error) { done, err = client.Swap(ctx, tt.swap); return err })
			}
			want(t, tt.name, done, tt.done)
			left := "-"
			must(t, func(ctx context.Context) error {
				r, err := admin.Get(ctx, tt.swap.Key)
				if err == nil && len(r.Kvs) > 0 {
					left = string(r.Kvs[0].Value)
				}
				return err
			})
			want(t, tt.name+": left", left, tt.left)
		}
	})
}

func TestSwap_of_many_lets_one_win(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, "embedded", nil)
	client := patient(t, server)
	must(t, func(ctx context.Context) error { _, _, err := client.List(ctx, "/"); return err })
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			done, err := client.Swap(t.Context(), Swap{Key: "/one", New: fmt.Append(nil, i)})
			if err != nil {
				t.Error(err)
			}
			if done {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	want(t, "winners", won.Load(), 1)
}
