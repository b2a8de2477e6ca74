package stacking

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/stack/release"
)

const shop = `
services:
  web:
    image: web:1
    environment: {COLOUR: red, PRICE: "5 $$"}
    command: [serve, --name, a b]
    ports: ["8080:80"]
    depends_on: [db]
    deploy: {replicas: 2}
    configs: [{source: settings, target: /etc/settings}]
    secrets: [password]
  db:
    image: db:1
    volumes: [data:/var/lib/db]
volumes: {data: {}}
configs: {settings: {file: settings.ini}}
secrets: {password: {file: password.txt}}
`

// withShop gives the project the files of shop.
func (b *bench) withShop() {
	b.write(shop)
	b.files["settings.ini"] = control.StackFile{Data: []byte("colour = red\n")}
	b.files["password.txt"] = control.StackFile{Data: []byte("hunter2")}
}

// changed has web be of another image.
func (b *bench) changed() {
	b.write(strings.ReplaceAll(shop, "web:1", "web:2"))
}

func TestRun_from_nothing_to_nothing(t *testing.T) {
	b := newBench(t)
	env := b.files[".env"]
	delete(b.files, ".env")
	b.write(shop)
	if a := b.ask(control.StackPlan); !slices.Contains(a.Wants, ".env") {
		t.Fatalf("without further files, wants = %v (%s)", a.Wants, a.Error)
	}
	b.files[".env"] = env
	b.withShop()
	b.makeKey() // or each plan has digests by a key that is made up
	planned := b.must(control.StackPlan)
	if len(b.keys()) != 0 {
		t.Errorf("planning wrote %v", b.keys())
	}
	if planned.Lines[0] != "shop: release 1: 3 new" {
		t.Errorf("lines = %q", planned.Lines)
	}
	begun := b.must(control.StackBegin, func(q *control.StackRequest) { q.Expect = planned.Plan })
	var titles []string
	for _, w := range begun.Waves {
		titles = append(titles, w.Title)
	}
	if want := "pull images, and create containers on trial;networks;db;web;monitor;commit"; strings.Join(titles, ";") != want {
		t.Errorf("waves = %v, want %s", titles, want)
	}
	b.checkEntries(begun)
	if secrets := b.must(control.StackSecret).Secrets; string(secrets["1/password"]) != "hunter2" {
		t.Errorf("secrets = %v", secrets)
	}
	b.roll(begun, "")
	b.must(control.StackDone)
	b.must(control.StackEnd)
	if v := b.view(); v.Current != 1 || v.Lock != nil || !v.Base().Done {
		t.Errorf("after it, current = %d, lock = %v", v.Current, v.Lock)
	}
	for key, value := range map[string]string{"hunter2": "the secret"} {
		all, _ := b.server.Keys(t.Context(), "/")
		for at, text := range all {
			if strings.Contains(text, key) {
				t.Errorf("the store has %s in clear at %s", value, at)
			}
		}
	}
	if again := b.deploy(); again.Changed || len(again.Waves) > 0 || again.Lines[0] != "shop: nothing to do" {
		t.Errorf("a second run: %+v", again)
	}
	gone := b.deploy(absent)
	if gone.Lines[0] != "shop: release 2 from 1: 3 stopped" {
		t.Errorf("lines of absent = %q", gone.Lines)
	}
	if keys := b.keys(); len(keys) != 0 {
		t.Errorf("of a stack that is gone, the store has %v", keys)
	}
	if again := b.deploy(absent); again.Changed {
		t.Errorf("absent again: %+v", again)
	}
}

// checkEntries holds what hosts are told of shop's first release.
func (b *bench) checkEntries(a control.StackAnswer) {
	b.Helper()
	var web control.StackHostWork
	for _, w := range a.Waves {
		if w.Title == "web" {
			for _, work := range w.Hosts {
				web = work
			}
		}
	}
	if len(web.Services) != 1 {
		b.Fatalf("a host does of web: %+v", web)
	}
	s := web.Services[0]
	for name, want := range map[string]string{"state": "enabled", "image": "web@sha256:" + digit("a"), "wait": "healthy", "stack": "shop", "announces": "[map[as:container network:shop_default]]", "command": "[serve --name a b]", "env": "map[COLOUR:red PRICE:5 $]"} {
		if got := fmt.Sprint(s[name]); got != want {
			b.Errorf("%s of a slot of web = %s, want %s", name, got, want)
		}
	}
	args := fmt.Sprint(s["args"])
	for _, want := range []string{"-p 8080:80", "--network shop_default", "--dns-search shop.s.example.com", ":/etc/settings:ro", ":/run/secrets/password:ro"} {
		if !strings.Contains(args, want) {
			b.Errorf("args of a slot of web lack %s: %s", want, args)
		}
	}
	if len(web.Files) != 2 || string(web.Files[0].Content) != "colour = red\n" || web.Files[1].Content != nil || web.Files[1].Secret != "1/password" || !a.Secret {
		b.Errorf("files of a slot of web: %+v", web.Files)
	}
	if text, _ := json.Marshal(a); strings.Contains(string(text), "hunter2") {
		b.Error("the answer has the secret in clear")
	}
}

func TestRun_that_fails_is_undone_whole(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	before := b.must(control.StackPlan).Before
	b.changed()
	begun := b.must(control.StackBegin)
	if begun.Lines[0] != "shop: release 2 from 1: 2 replaced, 1 kept" {
		t.Errorf("lines = %q", begun.Lines)
	}
	b.roll(begun, "monitor")
	undo := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "web.2 never became healthy" })
	if undo.Settle != control.StackUndone || len(undo.Waves) == 0 {
		t.Fatalf("the way back: %+v", undo)
	}
	for _, w := range undo.Waves {
		for host, work := range w.Hosts {
			for _, s := range work.Services {
				if s["image"] != "web@sha256:"+digit("a") {
					t.Errorf("undoing on %s has %v", host, s)
				}
			}
		}
		b.must(control.StackWave)
	}
	b.must(control.StackUndone)
	b.must(control.StackEnd)
	v := b.view()
	if v.Current != 1 || v.Latest().State != release.Undone || v.Latest().Why != "web.2 never became healthy" || v.Lock != nil {
		t.Errorf("after it, current = %d, release %d is %s: %s", v.Current, v.Latest().Number, v.Latest().State, v.Latest().Why)
	}
	b.write(shop)
	if a := b.must(control.StackPlan); a.Changed || a.Before != before {
		t.Errorf("the stack is not as before: %s", a.Before)
	}
}

func TestRun_beside_another_is_refused_and_names_it(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.must(control.StackBegin)
	b.run = "two"
	if a := b.ask(control.StackBegin); !strings.Contains(a.Error, "ada on node-1, which does deploy since") {
		t.Errorf("a second run: %q", a.Error)
	}
	if a := b.ask(control.StackWave, func(q *control.StackRequest) { q.Wave = 1 }); !strings.Contains(a.Error, "is held for another run") {
		t.Errorf("a wave of a run without the lock: %q", a.Error)
	}
	b.run = "one"
	b.must(control.StackEnd)
}

func TestRun_that_was_killed_is_finished_or_undone_by_the_next(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.changed()
	begun := b.must(control.StackBegin)
	b.roll(begun, "monitor")
	b.kill()

	for ours, want := range map[bool]string{true: " and is what is asked for now", false: " and is not what is asked for now"} {
		b.changed()
		if !ours {
			b.write(shop)
		}
		if a := b.must(control.StackPlan); !a.Changed || !strings.HasSuffix(a.Notes[0], want) {
			t.Errorf("check mode before the next run: %q, want %q", a.Notes, want)
		}
	}
	b.changed()
	b.run = "two"
	finished := b.must(control.StackBegin)
	if finished.Settle != "" || len(finished.Waves) == 0 || finished.Waves[0].Title != "web" || finished.Release != 2 {
		t.Fatalf("the next run with the same files: %+v", finished)
	}
	b.kill()

	b.run = "three"
	b.write(shop)
	undo := b.must(control.StackBegin)
	if undo.Settle != control.StackUndone || len(undo.Waves) == 0 {
		t.Fatalf("the next run with other files: %+v", undo)
	}
	b.roll(undo, "")
	b.must(control.StackUndone)
	if a := b.must(control.StackBegin); a.Changed {
		t.Errorf("then, with the files of before: %+v", a)
	}
	if v := b.view(); v.Current != 1 || v.Lock != nil {
		t.Errorf("after it, current = %d, lock = %v", v.Current, v.Lock)
	}
}

// A run that is killed, or loses the store, between the wave that commits and the commit has changed
// hosts, so that there is something to undo.
func TestRun_that_failed_at_its_commit_is_undone(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.changed()
	for _, w := range b.must(control.StackBegin).Waves {
		b.must(control.StackWave, func(q *control.StackRequest) { q.Wave = w.Number })
		if w.Commit {
			break
		}
	}
	undo := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "the store does not answer" })
	if undo.Settle != control.StackUndone || len(slotsOf(undo.Waves)) == 0 {
		t.Errorf("the way back: %+v", undo)
	}
	b.must(control.StackEnd)
}

func TestRun_of_a_stack_scaled_to_nothing_changes_nothing_again(t *testing.T) {
	b := newBench(t)
	b.write("services: {web: {image: web:1}}")
	b.deploy()
	none := func(q *control.StackRequest) { q.Scale = map[string]int{"web": 0} }
	if a := b.deploy(none); a.Lines[0] != "shop: release 2 from 1: 1 stopped" {
		t.Errorf("scaled to nothing: %q", a.Lines)
	}
	if a := b.deploy(none); a.Changed || a.Lines[0] != "shop: nothing to do" {
		t.Errorf("a second time: %q", a.Lines)
	}
	if a := b.deploy(); a.Lines[0] != "shop: release 3 from 2: 1 new" {
		t.Errorf("scaled to one: %q", a.Lines)
	}
	b.deploy(none)
	b.deploy(absent)
	if keys := b.keys(); len(keys) > 0 {
		t.Errorf("once it is removed, the store has %v", keys)
	}
}

// A run that was killed once all of a stack was gone, and before the store forgot it, left a release of
// nothing: the next removal has the store forget that.
func TestRun_removes_what_a_removal_left_that_was_killed_at_its_end(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.roll(b.must(control.StackBegin, absent), "")
	v := b.view()
	gone := *v.Base()
	gone.Done = true
	if _, err := v.Write(t.Context(), b.site.store, gone); err != nil {
		t.Fatal(err)
	}
	b.kill()
	b.run = "two"
	if a := b.must(control.StackPlan, absent); !a.Changed || a.Lines[0] != "shop: hosts have none of it: what the store has is removed" {
		t.Errorf("the plan says %q", a.Lines)
	}
	b.deploy(absent)
	if keys := b.keys(); len(keys) > 0 {
		t.Errorf("once it is removed, the store has %v", keys)
	}
}

// A run that finishes a killed one is bound to the plan of that one, which check mode shows.
func TestRun_that_finishes_a_killed_one_is_bound_to_its_plan(t *testing.T) {
	for name, text := range map[string]string{"by digest": "services: {web: {image: web:1}, db: {image: db:1}}", "by tag": "services: {web: {image: odd:1}, db: {image: odd:2}}"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write(text)
			shown := b.must(control.StackPlan)
			b.roll(b.must(control.StackBegin), "monitor")
			b.kill()
			b.run = "two"

			if a := b.must(control.StackPlan); !a.Changed || a.Release != 1 || a.Plan != shown.Plan || a.Lines[0] != shown.Lines[0] || a.After != shown.After || !strings.HasSuffix(a.Notes[0], "and is what is asked for now") {
				t.Errorf("check mode shows release %d, %q, %q\n%s\nwant %s of before\n%s", a.Release, a.Lines, a.Notes, a.After, shown.Plan, shown.After)
			}
			wrong := func(q *control.StackRequest) { q.Expect = "0123" }
			for _, step := range []control.StackStep{control.StackPlan, control.StackBegin} {
				if a, want := b.ask(step, wrong), "the plan is "+shown.Plan+", and 0123 is expected"; !strings.Contains(a.Error, want) || len(a.Waves) > 0 {
					t.Errorf("%s of another plan: %q, want %q", step, a.Error, want)
				}
			}
			if a := b.deploy(func(q *control.StackRequest) { q.Expect = shown.Plan }); a.Release != 1 || a.Plan != shown.Plan {
				t.Errorf("by its plan: release %d, plan %s, want %s", a.Release, a.Plan, shown.Plan)
			}
			if v := b.view(); v.Current != 1 || v.Lock != nil {
				t.Errorf("after it, current = %d, lock = %v", v.Current, v.Lock)
			}
		})
	}
}

// kill has the run's controller be gone, and its holder with it, and waits until the
// lock is free.
func (b *bench) kill() {
	b.Helper()
	killHolders(b.site.runDir)
	await.Empty(b, "the lock ends with its lease", func() string {
		if l := b.view().Lock; l != nil {
			return l.String()
		}
		return ""
	})
}

func TestRun_that_is_not_heard_of_any_more_gives_back_its_lock(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.must(control.StackBegin, func(q *control.StackRequest) { q.Patience = 1 })
	await.Empty(t, "the lock is given back", func() string {
		if l := b.view().Lock; l != nil {
			return l.String()
		}
		return ""
	})
	if a := b.ask(control.StackWave, func(q *control.StackRequest) { q.Wave = 1 }); !strings.Contains(a.Error, "does not hold the lock any more") {
		t.Errorf("a wave after that: %q", a.Error)
	}
}

func TestPlan_goes_back_to_a_release(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.changed()
	b.deploy()
	b.images["web:1"] = digit("f") // the tag has moved
	back := b.deploy(func(q *control.StackRequest) { q.Back, q.Compose, q.Files = 1, nil, nil })
	if back.Lines[0] != "shop: release 3 from 2: 2 replaced, 1 kept" {
		t.Errorf("lines = %q", back.Lines)
	}
	if v := b.view(); v.Current != 3 || v.Base().Images["web"] != "web@sha256:"+digit("a") {
		t.Errorf("current = %d with %s", v.Current, v.Base().Images["web"])
	}
	if a := b.ask(control.StackPlan, func(q *control.StackRequest) { q.Back = 9 }); !strings.Contains(a.Error, "there is no release 9 of shop to go back to") {
		t.Errorf("release 9: %q", a.Error)
	}
}

func TestPlan_refuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *bench, q *control.StackRequest)
		want   string
	}{
		"a port that is taken": {func(b *bench, q *control.StackRequest) {
			for _, h := range []string{"node-1", "node-2"} {
				b.hosts[h] = json.RawMessage(strings.TrimSuffix(string(b.hosts[h]), "}") + `,"services":[{"name":"x","enabled":true,"image":"x","ports":[{"address":"0.0.0.0","port":8080,"protocol":"tcp"}]}]}`)
			}
		}, "web.2 refused: port 8080 taken on 3 hosts"},
		"another plan":   {func(b *bench, q *control.StackRequest) { q.Expect = "0123" }, "and 0123 is expected"},
		"a missing file": {func(b *bench, q *control.StackRequest) { b.files["settings.ini"] = control.StackFile{Absent: true} }, "settings.ini"},
		"a build": {func(b *bench, q *control.StackRequest) {
			b.write("services: {web: {image: web:1, build: .}}")
		}, "the site has no image registry"},
		"a pool that is none": {func(b *bench, q *control.StackRequest) { q.Pool = "10.0.0.0/30" }, "10.0.0.0/30"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.withShop()
			a := b.ask(control.StackBegin, func(q *control.StackRequest) { c.change(b, q); q.Files = b.files })
			if !strings.Contains(a.Error, c.want) {
				t.Errorf("error = %q, want %q", a.Error, c.want)
			}
			if keys := b.keys(); len(keys) != 0 {
				t.Errorf("the store has %v", keys)
			}
		})
	}
}

func TestPlan_refuses_what_is_to_change_on_a_host_that_cannot_be_reached(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	var on string
	for slot, s := range b.view().Base().Slots {
		if slot.Service == "db" {
			on = s.Host
		}
	}
	kept := b.hosts[on]
	b.hosts[on] = nil
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("unreachable is not lost: %v", a.Lines)
	}
	b.write(strings.ReplaceAll(shop, "db:1", "db:2"))
	b.images["db:2"] = digit("d")
	if a := b.ask(control.StackPlan); !strings.Contains(a.Error, "db.1 refused: "+on+" is unreachable") {
		t.Errorf("a change of db: %q", a.Error)
	}
	b.hosts[on] = kept
}
