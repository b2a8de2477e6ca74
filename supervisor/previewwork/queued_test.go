package previewwork

import (
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rundock/internal/flock"
	"rundock/internal/preview"
)

// removesQueued has the only builder be full, with feature-foo, while others are asked for.
func (r *rig) removesQueued() {
	before := r.flags
	restart := func(flags ...string) {
		r.worker.kill(syscall.SIGTERM)
		r.flags = append(append([]string{}, before...), flags...)
		r.startWorker()
	}
	restart("--previews", "1")
	asked := map[string]preview.Wish{}
	for _, name := range []string{"cedar", "larch", "aspen", "yew"} {
		asked[name] = r.ask(name, r.push(name, name, nil))
	}
	notBegun := func(names ...string) {
		r.Helper()
		time.Sleep(3 * lookEvery) // it would have begun meanwhile
		for _, name := range names {
			if s := r.state(name); s.Name != "" {
				r.Errorf("%s is begun: %+v", name, s)
			}
		}
	}
	notBegun("cedar", "larch", "aspen", "yew")
	began := time.Now()
	r.change("cedar", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("cedar")
	r.Logf("one that is removed is gone within %s", time.Since(began).Round(time.Millisecond))
	r.change("aspen", func(w preview.Wish) preview.Wish { w.Asked = time.Now().AddDate(0, 0, -8).UTC(); return w })
	r.goes("aspen")
	r.deleteBranch("larch")
	r.goes("larch")

	// A builder that has not heard of that yet begins nothing.
	late := options{}.worker(r.store, r.docker, "node-2", "/usr/local/bin/previewd", slog.New(slog.DiscardHandler))
	if again := late.do(r.Context(), &job{deed: preview.Deploy}, preview.Facts{Wish: asked["cedar"]}); again != heldAfter {
		r.Errorf("it tries again after %s, want %s", again, heldAfter)
	}
	if left := r.left("cedar"); len(left) > 0 {
		r.Errorf("it has begun: %s", strings.Join(left, " "))
	}

	r.change("yew", func(w preview.Wish) preview.Wish { w.Want = preview.Stopped; return w })
	restart()
	notBegun("yew")
	r.change("yew", func(w preview.Wish) preview.Wish { w.Want = preview.Running; return w })
	r.serves("yew", "/", "yew")
	r.isMade("yew")
	r.change("yew", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("yew")
	r.serves("feature-foo", "/", "seven")
	r.flags = before
}

// removesWhileFetching has the mirror be another's, as a build's that fetches a large repository.
func (r *rig) removesWhileFetching() {
	fetching, err := flock.Open(filepath.Join(mirrors, "shop.lock"))
	if err != nil {
		r.Fatal(err)
	}
	defer fetching.Close()
	if err := flock.Lock(fetching); err != nil {
		r.Fatal(err)
	}
	r.ask("cedar", r.push("cedar", "cedar", nil))
	r.becomes("cedar", preview.Queued)
	began := time.Now()
	r.change("cedar", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("cedar")
	r.Logf("it is gone within %s", time.Since(began).Round(time.Millisecond))
}
