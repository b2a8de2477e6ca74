package previewwork

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/registry"
	"rundock/internal/stack/release"
)

// takesOver has the store say that a preview is on a host that is gone, and something else have its port here.
func (r *rig) takesOver() {
	r.ask("rowan", r.push("rowan", "rowan one", map[string]string{"compose.yaml": withData}))
	r.serves("rowan", "/", "rowan one")
	r.serves("db.rowan", "/", "rowan one")
	r.isMade("rowan")
	commit := r.push("rowan", "rowan two", map[string]string{"compose.yaml": withData})
	r.change("rowan", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.serves("rowan", "/", "rowan two")
	r.serves("db.rowan", "/", "rowan one") // of its volume
	routes := r.isMade("rowan").Routes
	r.worker.kill(syscall.SIGTERM)
	r.moveAway("rowan")
	before := slices.Clone(r.flags)
	r.flags = append(r.flags, "--takeover", "30s")
	r.startWorker()
	r.long("what is here of a preview of another host goes", func() string { return strings.Join(r.containersOf("rowan"), " ") })
	for _, label := range []string{"", "db"} {
		await.Nil(r.T, "the port is free", func() error {
			l, err := net.Listen("tcp", routes[label][0])
			if err != nil {
				return err
			}
			r.whole.Cleanup(func() { l.Close() })
			go func() {
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					c.Close() // a router would wait for an answer
				}
			}()
			return nil
		})
	}
	r.serves("rowan", "/", "rowan two")
	r.serves("db.rowan", "/", "rowan two") // its data is lost with the host
	if s := r.isMade("rowan"); s.Host != "node-1" || s.Routes[""][0] == routes[""][0] || s.Routes["db"][0] == routes["db"][0] {
		r.Errorf("the state is %+v, its routes were %v", s, routes)
	}
	if log := r.log("rowan"); !strings.Contains(log, "it was on node-9, which is gone") {
		r.Errorf("the log is\n%s", log)
	}
	r.worker.kill(syscall.SIGTERM)
	r.flags = before
	r.startWorker()
	r.change("rowan", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("rowan")
}

// moveAway has the store say of a preview that it is on node-9, which there is not.
func (r *rig) moveAway(name string) {
	r.Helper()
	listed, _, err := r.store.List(r.Context(), release.StackPrefix(preview.StackOf(name)))
	if err != nil {
		r.Fatal(err)
	}
	state, err := r.store.Read(r.Context(), []string{preview.StateKey(name)})
	if err != nil {
		r.Fatal(err)
	}
	swaps := []registry.Swap{{Key: preview.StateKey(name), Old: state[0].Value}}
	for _, one := range listed {
		if strings.Contains(one.Key, "/releases/") {
			swaps = append(swaps, registry.Swap{Key: one.Key, Old: one.Value})
		}
	}
	for i := range swaps {
		swaps[i].New = bytes.ReplaceAll(swaps[i].Old, []byte(`"node-1"`), []byte(`"node-9"`))
	}
	if done, err := r.store.Transact(r.Context(), swaps); !done || err != nil {
		r.Fatal(done, err)
	}
}

// isMade waits until the job of a preview's wish is made.
func (r *rig) isMade(name string) preview.State {
	r.Helper()
	var last preview.State
	r.so("what is wished of "+name+" is made", func() bool {
		wishes, err := r.ledger.Wishes(r.Context())
		last = r.state(name)
		return err == nil && last.Step == preview.Ready && last.Done != nil && last.Done.Commit == wishes[name].Commit
	})
	return last
}
