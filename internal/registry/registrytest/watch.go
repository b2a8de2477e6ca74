package registrytest

import (
	"fmt"
	"testing"

	"rundock/internal/await"
)

func testWatch(t *testing.T, start func(t *testing.T) Server) {
	each(t, start, []aCase{
		{"gives the whole prefix first and then each change", func(t *testing.T, server Server) {
			server.Put(t, "/s/a", "1")
			server.Put(t, "/other/x", "1")
			f := Follow(t, server.Patient(t), "/s/")
			await.True(t, "a is known", f.Has(map[string]string{"/s/a": "1"}))
			server.Put(t, "/s/b", "2")
			server.Put(t, "/s/empty", "")
			server.Delete(t, "/s/a")
			await.True(t, "b came, a went", f.Has(map[string]string{"/s/b": "2", "/s/empty": ""}))
			Want(t, "complete batches", f.Completes(), 1)
			Want(t, "the cluster is named", f.Batches()[0].Cluster != 0, true)
		}},
		{"gives an empty prefix as a complete batch without changes", func(t *testing.T, server Server) {
			f := Follow(t, server.Patient(t), "/s/")
			await.True(t, "the empty list came", func() bool { return f.Completes() == 1 })
		}},
		{"puts changes together while the consumer is busy", func(t *testing.T, server Server) {
			f := Follow(t, server.Patient(t), "/s/")
			await.True(t, "the list came", func() bool { return f.Completes() == 1 })
			f.gate.Lock()
			for i := range 500 {
				server.Put(t, "/s/a", fmt.Sprint(i))
			}
			f.gate.Unlock()
			await.True(t, "the last value is known", f.Has(map[string]string{"/s/a": "499"}))
			if n := len(f.Batches()); n > 10 {
				t.Errorf("500 changes of one key came in %d batches, want a few", n)
			}
		}},
		{"misses nothing and never goes back under many writes", func(t *testing.T, server Server) {
			f := Follow(t, server.Patient(t), "/s/")
			expect := map[string]string{}
			for i := range 2000 {
				key := fmt.Sprintf("/s/%d", i%97)
				if i%13 == 0 {
					server.Delete(t, key)
					delete(expect, key)
				} else {
					server.Put(t, key, fmt.Sprint(i))
					expect[key] = fmt.Sprint(i)
				}
			}
			await.True(t, "the follower has what was written", f.Has(expect))
			batches := f.Batches()
			for i := 1; i < len(batches); i++ {
				if batches[i].Revision <= batches[i-1].Revision {
					t.Errorf("batch %d has revision %d after %d", i, batches[i].Revision, batches[i-1].Revision)
				}
			}
		}},
		{"keeps the last state while the store is away and catches up after kill -9", func(t *testing.T, server Server) {
			server.Put(t, "/s/a", "1")
			f := Follow(t, server.Open(t), "/s/")
			await.True(t, "a is known", f.Has(map[string]string{"/s/a": "1"}))
			server.Kill()
			await.True(t, "the loss is reported", f.Unhealthy)
			Want(t, "state kept", f.Has(map[string]string{"/s/a": "1"})(), true)
			server.Restart()
			server.Put(t, "/s/b", "2")
			await.True(t, "b is known", f.Has(map[string]string{"/s/a": "1", "/s/b": "2"}))
			await.True(t, "health is reported again", func() bool { return !f.Unhealthy() })
		}},
		{"replaces what it knew when the store was wiped, even if it grew past the old revision", func(t *testing.T, server Server) {
			for i := range 20 {
				server.Put(t, "/s/a", fmt.Sprint(i))
			}
			f := Follow(t, server.Open(t), "/s/")
			await.True(t, "a is known", f.Has(map[string]string{"/s/a": "19"}))
			server.Kill()
			server.Wipe()
			server.Restart()
			for i := range 50 {
				server.Put(t, "/s/b", fmt.Sprint(i))
			}
			await.True(t, "the new store is known", f.Has(map[string]string{"/s/b": "49"}))
		}},
		{"goes back to what a restored backup holds, though its revision is lower", func(t *testing.T, server Server) {
			server.Put(t, "/s/a", "old")
			server.Kill()
			server.Backup()
			server.Restart()
			server.Put(t, "/s/a", "new")
			server.Put(t, "/s/b", "new")
			f := Follow(t, server.Open(t), "/s/")
			await.True(t, "the new values are known", f.Has(map[string]string{"/s/a": "new", "/s/b": "new"}))
			server.Kill()
			server.Restore()
			server.Restart()
			await.True(t, "the old ones are", f.Has(map[string]string{"/s/a": "old"}))
			server.Put(t, "/s/c", "3")
			await.True(t, "changes go on from there", f.Has(map[string]string{"/s/a": "old", "/s/c": "3"}))
		}},
		{"stays with a store to which nobody writes", func(t *testing.T, server Server) {
			server.Put(t, "/s/a", "1")
			f := Follow(t, server.Open(t), "/s/")
			await.True(t, "a is known", f.Has(map[string]string{"/s/a": "1"}))
			quiet(t, "what it lists", f.Completes)
			Want(t, "reason to be unhealthy", f.Reason(), "")
		}},
		{"notices a store that stopped answering", func(t *testing.T, server Server) {
			f := Follow(t, server.Open(t), "/s/")
			await.True(t, "the list came", func() bool { return f.Completes() == 1 })
			server.Freeze()
			await.True(t, "the silence is reported", f.Unhealthy)
			server.Thaw()
			server.Put(t, "/s/a", "1")
			await.True(t, "a is known", f.Has(map[string]string{"/s/a": "1"}))
		}},
	})
}
