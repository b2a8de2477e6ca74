package previewwork

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/preview"
	"rundock/internal/stack/release"
)

const withImage = compose + `  cache:
    image: 127.0.0.1:5999/cache:1
    stop_grace_period: 1s
`

// triesAgain has a rollout fail that no branch is to blame for: an image registry is away, and another run has the stack's lock.
func (r *rig) triesAgain() {
	commit := r.push("hazel", "hazel one", map[string]string{"compose.yaml": withImage})
	r.ask("hazel", commit)
	if s := r.becomes("hazel", preview.Failed); s.Done != nil || !strings.Contains(s.Reason, "127.0.0.1:5999") {
		r.Errorf("without the image registry the state is %+v, want one that is tried again, and why", s)
	}
	images, err := r.docker.ImagesLabelled(r.Context(), previewLabel, "hazel")
	if err != nil || len(images) == 0 {
		r.Fatal(images, err)
	}
	if err := r.docker.TagImage(r.Context(), images[0].ID, "127.0.0.1:5999/cache:1"); err != nil {
		r.Fatal(err)
	}
	r.stillServes("hazel", "hazel one")
	r.isMade("hazel")

	r.otherRun(control.StackBegin, "hazel")
	second := r.push("hazel", "hazel two", map[string]string{"compose.yaml": withImage})
	r.change("hazel", func(w preview.Wish) preview.Wish { return w.Pushed(second, "hook", time.Now().UTC()) })
	if s := r.becomes("hazel", preview.Failed); s.Done == nil || s.Done.Commit != commit || !strings.Contains(s.Reason, "another holds the lock") {
		r.Errorf("while another run has the lock the state is %+v, done %+v, want one that is tried again, and why", s, s.Done)
	}
	r.otherRun(control.StackEnd, "hazel")
	r.stillServes("hazel", "hazel two")
	r.isMade("hazel")
	r.change("hazel", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("hazel")
	if err := r.docker.UntagImage(r.Context(), "127.0.0.1:5999/cache:1"); err != nil {
		r.Fatal(err)
	}
}

// otherRun does a step of a run that is not the builder's, which takes a service from a preview's stack.
func (r *rig) otherRun(step control.StackStep, name string) {
	r.Helper()
	p := programs{"/usr/local/bin/rundockd", "/usr/local/bin/previewd"}
	raw, _, err := p.facts(r.Context(), "services", "images")
	if err != nil {
		r.Fatal(err)
	}
	v, err := release.Load(r.Context(), r.store, preview.StackOf(name))
	if err != nil {
		r.Fatal(err)
	}
	m := v.Base().Model
	m.Services = maps.Clone(m.Services)
	for service := range m.Services {
		if strings.HasPrefix(service, "cache") {
			delete(m.Services, service)
		}
	}
	q := control.StackRequest{
		Version: control.Version, Step: step, Name: preview.StackOf(name), Run: "other", Who: "ada", Patience: 600, Timeout: 60,
		Model: modelOf(m, nil, nil), Hosts: map[string]json.RawMessage{"node-1": raw},
	}
	if _, err := p.ask(r.Context(), q); err != nil {
		r.Fatal(err)
	}
}
