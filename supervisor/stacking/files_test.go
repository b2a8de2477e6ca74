package stacking

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"rundock/internal/control"
)

// What a config or secret holds arrives as it is, whatever it is.
func TestFiles_need_be_no_text(t *testing.T) {
	b := newBench(t)
	b.withShop()
	logo, store := []byte("\x89PNG\x00\xff\r\n"), []byte("\x30\x82\xfe\x00")
	b.files["settings.ini"] = control.StackFile{Data: logo}
	b.files["password.txt"] = control.StackFile{Data: store}
	begun := b.must(control.StackBegin)
	seen := 0
	for _, w := range begun.Waves {
		for _, host := range w.Hosts {
			for _, f := range host.Files {
				if strings.Contains(f.Path, "/config-") {
					if seen++; !bytes.Equal(f.Content, logo) {
						t.Errorf("%s holds %q, want %q", f.Path, f.Content, logo)
					}
				}
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d hosts have the config, want 2", seen)
	}
	if got := b.must(control.StackSecret).Secrets["1/password"]; !bytes.Equal(got, store) {
		t.Errorf("the secret is %q, want %q", got, store)
	}
}

// on are the files of the stack that hosts have after waves, by what these say.
func (b *bench) on(has map[string]bool, waves []control.StackWork) {
	for _, w := range waves {
		for host, work := range w.Hosts {
			for _, f := range work.Files {
				has[host+" "+f.Path] = true
			}
			for _, path := range work.Stale {
				delete(has, host+" "+path)
			}
		}
	}
}

// wants are the files that the current release has on hosts.
func (b *bench) wants() map[string]bool {
	all := map[string]bool{}
	for host, paths := range filesOf(b.view().Base()) {
		for path := range paths {
			all[host+" "+path] = true
		}
	}
	return all
}

func TestFiles_of_releases_that_have_left_go(t *testing.T) {
	b := newBench(t)
	b.withShop()
	has := map[string]bool{}
	check := func(when string, most int) {
		t.Helper()
		if want := b.wants(); !maps.Equal(has, want) || len(has) != most {
			t.Errorf("%s, hosts have %v, want %v, %d", when, has, want, most)
		}
	}
	b.on(has, b.deploy().Waves)
	check("after the first release", 4)

	b.files["settings.ini"] = control.StackFile{Data: []byte("colour = blue\n")}
	b.on(has, b.deploy().Waves)
	check("after another config", 4)

	b.files["password.txt"] = control.StackFile{Data: []byte("hunter3")}
	begun := b.must(control.StackBegin)
	b.roll(begun, "monitor")
	b.on(has, begun.Waves[:len(begun.Waves)-1])
	b.on(has, b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "no" }).Waves)
	b.must(control.StackUndone)
	b.must(control.StackEnd)
	check("after one that was undone", 4)

	b.on(has, b.deploy(func(q *control.StackRequest) { q.Back, q.Compose, q.Files = 1, nil, nil }).Waves)
	check("after going back", 4)

	b.on(has, b.deploy(absent).Waves)
	check("of a stack that is gone", 0)
}

// A run that was killed between the commit and the end leaves the old files to the next.
func TestFiles_go_where_the_run_before_was_killed(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.files["settings.ini"] = control.StackFile{Data: []byte("colour = blue\n")}
	begun := b.must(control.StackBegin)
	b.roll(begun, begun.Waves[len(begun.Waves)-1].Title)
	b.kill()
	b.run = "two"
	settles := b.must(control.StackBegin)
	if settles.Settle != control.StackDone || len(settles.Waves) == 0 || len(settles.Waves[len(settles.Waves)-1].Hosts) != 2 {
		t.Errorf("the next run: %+v", settles)
	}
}
