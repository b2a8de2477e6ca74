package runner

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
	"rundock/internal/registry"
	"rundock/internal/spec"
	"rundock/supervisor/process"
)

func TestDecide_start_first(t *testing.T) {
	runs := container.State{Exists: true, Running: true, ID: "c", Labels: map[string]string{container.LabelSpec: "old"}}
	old := container.State{Exists: true, Running: true, ID: "b"}
	paused, wanted1, ended := runs, runs, runs
	paused.Paused, ended.Running, wanted1.Labels = true, false, map[string]string{container.LabelSpec: "new"}
	for _, c := range []struct {
		claim string
		now   observed
		want  verb
	}{
		{"another one is started beside the one that runs", observed{container: runs}, succeed},
		{"also for the asking", observed{container: wanted1, asked: true}, succeed},
		{"the wanted one goes on", observed{container: wanted1}, adopt},
		{"beside one that is paused none is", observed{container: paused}, replace},
		{"nor beside one that has ended", observed{container: ended}, start},
		{"the one whose place was taken is retired, whoever was killed meanwhile", observed{container: wanted1, replaced: old}, retire},
		{"before yet another is started", observed{container: runs, replaced: old}, retire},
		{"but not while none has its place", observed{container: ended, replaced: old}, start},
		{"it is stopped with the other where the host is drained", observed{container: wanted1, replaced: old, drained: true}, rest},
		{"and where the slot's lock is not here", observed{container: wanted1, replaced: old, barred: true}, standBy},
		{"and where the service is", observed{container: wanted1, replaced: old, ended: process.ErrStop}, stop},
		{"and is left to a successor", observed{container: wanted1, replaced: old, ended: registry.ErrHandOver}, leave},
	} {
		if got := decide(c.now, wanted{spec: "new", first: true}, nil); got.do != c.want {
			t.Errorf("%s: decide = %s, want %s", c.claim, got.do, c.want)
		}
	}
	if got := decide(observed{container: runs}, wanted{spec: "new"}, nil); got.do != replace {
		t.Errorf("a service that stops first: decide = %s, want %s", got.do, replace)
	}
	if got := decide(observed{container: runs}, wanted{spec: "new", first: true}, errors.New("it was not well")); got.do != adopt {
		t.Errorf("after one that did not become well: decide = %s, want %s", got.do, adopt)
	}
}

// TestDecide: each row is what the runner sees, in words, and what it does.
func TestDecide(t *testing.T) {
	began := time.Unix(1000, 0)
	db := func(id string, runs bool, started time.Time) container.Partner {
		return container.Partner{Share: spec.Share{What: spec.SharedNetwork, With: "db"}, ID: id, Running: runs, Started: started}
	}
	const none, up, ended = "none", "up", "ended"
	states := map[string]container.State{
		none:  {},
		up:    {Exists: true, Running: true, ID: "c", Image: "sha256:2", Labels: map[string]string{container.LabelSpec: "new", container.LabelAddresses: "PRIVATE_IP=10.0.0.2"}},
		ended: {Exists: true, ID: "c", Labels: map[string]string{container.LabelSpec: "new"}},
	}
	refused, away := errors.New("pull web:2: connection refused"), errors.New("inspect container web: timeout")
	label := func(name, value string) func(*observed) {
		return func(o *observed) {
			labels := map[string]string{}
			for k, v := range o.container.Labels {
				labels[k] = v
			}
			labels[name] = value
			o.container.Labels = labels
		}
	}
	both := func(changes ...func(*observed)) func(*observed) {
		return func(o *observed) {
			for _, change := range changes {
				change(o)
			}
		}
	}
	told := func(cause error) func(*observed) { return func(o *observed) { o.ended = cause } }
	asked := func(o *observed) { o.asked = true }
	wait := func(o *observed) { o.wait = time.Minute }
	drained := func(o *observed) { o.drained = true }
	unseen := func(o *observed) { *o = observed{unseen: away} }
	waited := func(o *observed) { o.waited = true }
	unmade := func(o *observed) { o.unmade = errors.New("private.interface: eth1 does not exist") }
	moved := func(o *observed) { o.origins.Addresses = "PRIVATE_IP=10.0.0.3" }
	partner := func(p container.Partner) func(*observed) {
		return both(label(container.LabelPartners, db("d1", true, began).String()), func(o *observed) { o.origins.Partners = []container.Partner{p} })
	}

	for _, c := range []struct {
		claim     string
		container string
		but       func(*observed)
		pin       string
		problem   error
		want      string // the action: its reason
	}{
		{"the wanted container goes on", up, nil, "", nil, "adopt"},
		{"where there is none it is made", none, nil, "", nil, "start"},
		{"one that has ended is made anew", ended, nil, "", nil, "start"},
		{"after crashes not at once", ended, wait, "", nil, "back off"},
		{"a successor of the runner waits as well", none, wait, "", nil, "back off"},
		{"nothing of a back-off keeps a running one from being followed", up, wait, "", nil, "adopt"},

		{"on a host that is drained it is stopped", up, drained, "", nil, "rest"},
		{"and none is made", none, drained, "", nil, "rest"},
		{"not even after crashes", ended, both(drained, wait), "", refused, "rest"},
		{"one that cannot be looked at does not run on for that", none, both(unseen, drained), "", nil, "rest"},
		{"a runner of a drained host leaves as it is told", up, both(drained, told(registry.ErrHandOver)), "", nil, "leave"},
		{"or stops", up, both(drained, told(process.ErrStop)), "", nil, "stop"},

		{"another spec replaces it", up, label(container.LabelSpec, "old"), "", nil, "replace: it is of spec old, and new is wanted"},
		{"so does a rollback to another image", up, nil, "sha256:1", nil, "replace: it is of image sha256:2, and sha256:1 is wanted"},
		{"a rollback to the image that it has does not", up, nil, "sha256:2", nil, "adopt"},
		{"another address of the host replaces it, unasked", up, moved, "", nil, "replace unasked: it was made for PRIVATE_IP=10.0.0.2, and now that is PRIVATE_IP=10.0.0.3"},
		{"a wish replaces it, though it is the wanted one", up, asked, "", nil, "replace: another one was asked for"},
		{"the first reason is told that somebody gave", up, both(moved, label(container.LabelSpec, "old")), "", nil, "replace: it is of spec old, and new is wanted"},
		{"a wish is not what an address has done", up, both(moved, asked), "", nil, "replace unasked: it was made for PRIVATE_IP=10.0.0.2, and now that is PRIVATE_IP=10.0.0.3"},

		{"a partner that is as it was is no reason", up, partner(db("d1", true, began)), "", nil, "adopt"},
		{"another partner replaces it", up, partner(db("d2", true, began)), "", nil, "replace unasked: container db, whose network it is in, is another one now"},
		{"a partner's start replaces it", up, partner(db("d1", true, began.Add(time.Hour))), "", nil, "replace unasked: container db, whose network it is in, was started again"},
		{"without its partner it goes on, as none can be made", up, partner(db("", false, began)), "", nil, "adopt: container db, whose network it is in, is not there"},
		{"though another spec is wanted", up, both(label(container.LabelSpec, "old"), partner(db("d1", false, began))), "", nil, "adopt: container db, whose network it is in, does not run"},
		{"it goes on while the host's addresses are not known", up, both(asked, unmade), "", nil, "adopt: private.interface: eth1 does not exist"},

		{"it goes on where the wanted one cannot be made", up, label(container.LabelSpec, "old"), "", refused, "adopt: pull web:2: connection refused"},
		{"where none runs that is waited for", ended, nil, "", refused, "back off: pull web:2: connection refused"},
		{"one that cannot be looked at is let be", none, unseen, "", nil, "back off: inspect container web: timeout"},
		{"what failed before that matters more", none, unseen, "", refused, "back off: pull web:2: connection refused"},
		{"dockerd has come back, and what failed is tried again at once", ended, waited, "", refused, "start"},
		{"it has come back with the old one running, which could not be stopped: that is tried again at once", up, both(waited, asked), "", refused, "replace: another one was asked for"},
		{"also where another spec is wanted", up, both(waited, label(container.LabelSpec, "old")), "", refused, "replace: it is of spec old, and new is wanted"},
		{"dockerd was not away, and the old one goes on for a while", up, asked, "", refused, "adopt: pull web:2: connection refused"},
		{"unless something else is wrong", none, both(unseen, waited), "", refused, "back off: inspect container web: timeout"},

		{"TERM stops it", up, told(process.ErrStop), "", nil, "stop"},
		{"HUP leaves it", up, told(registry.ErrHandOver), "", nil, "leave"},
		{"also where it is not the wanted one", up, both(label(container.LabelSpec, "old"), told(registry.ErrHandOver)), "", nil, "leave"},
		{"TERM stops what may be there", none, both(unseen, told(process.ErrStop)), "", nil, "stop"},
		{"whatever has failed just now", up, told(process.ErrStop), "", refused, "stop"},
		{"HUP ends a back-off", none, both(wait, told(registry.ErrHandOver)), "", refused, "leave"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			now := observed{container: states[c.container], origins: container.Origins{Addresses: states[c.container].Labels[container.LabelAddresses]}}
			if c.but != nil {
				c.but(&now)
			}
			got := decide(now, wanted{spec: "new", image: c.pin}, c.problem)
			text := string(got.do)
			if got.unasked {
				text += " unasked"
			}
			if got.why != "" {
				text += ": " + got.why
			}
			if got.problem != nil {
				text += ": " + got.problem.Error()
			}
			if text != c.want {
				t.Errorf("decide = %q, want %q", strings.TrimSpace(text), c.want)
			}
		})
	}
}
