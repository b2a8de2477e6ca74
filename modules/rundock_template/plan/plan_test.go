package plan

import (
	"slices"
	"testing"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
)

func TestDecideRemoval(t *testing.T) {
	gone := fstree.Changes{List: []fstree.Change{{Path: "web.json"}}}
	known := Situation{Says: control.TemplateStatus{PID: 7}}
	for _, c := range []struct {
		claim      string
		now        Situation
		definition fstree.Changes
		ours       bool
		want       []string
	}{
		{"nothing there", Situation{}, fstree.Changes{}, false, nil},
		{"the last one takes the renderer with it", Situation{}, gone, true, []string{"removed", "renderer removed"}},
		{"one beside others", Situation{Others: 1}, gone, true, []string{"removed"}},
		{"a service of somebody else's stays", Situation{}, gone, false, []string{"removed"}},
		{"a renderer that still knows it", known, fstree.Changes{}, false, []string{"removed"}},
		{"a renderer that an interrupted call left", Situation{}, fstree.Changes{}, true, []string{"removed", "renderer removed"}},
	} {
		if got := DecideRemoval(c.now, c.definition, c.ours).Actions(); !slices.Equal(got, c.want) {
			t.Errorf("%s: actions = %q, want %q", c.claim, got, c.want)
		}
	}
}

func TestDecide(t *testing.T) {
	runs := module.Process{Supervised: true, Status: runit.Status{State: runit.Run, PID: 7}}
	down := module.Process{Supervised: true, Status: runit.Status{WantDown: true}}
	paused := module.Process{Supervised: true, Status: runit.Status{State: runit.Run, PID: 7, Paused: true}}
	there := module.Standing{Installed: true, Enabled: true}
	says := control.TemplateStatus{PID: 7}
	change := func(paths ...string) (c fstree.Changes) {
		for _, p := range paths {
			c.List = append(c.List, fstree.Change{Path: p})
		}
		return c
	}
	for _, c := range []struct {
		claim               string
		now                 Situation
		definition, service fstree.Changes
		want                []string
	}{
		{"nothing there", Situation{}, change("web.json"), change("run", "log/run"), []string{"definition written", "renderer installed", "renderer enabled"}},
		{"all as it should be", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}, Says: says}, change(), change(), nil},
		{"another definition", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}, Says: says}, change("web.json"), change(), []string{"definition updated", "renderer handed over"}},
		{"a first definition beside others", Situation{Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}}, change("web.json"), change(), []string{"definition written", "renderer handed over"}},
		{"a renderer that has not read it", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}}, change(), change(), []string{"renderer handed over"}},
		{"one that has read another", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}, Says: says, Stale: true}, change(), change(), []string{"renderer handed over"}},
		{"a linked one that runsvdir has not seen", Situation{Defined: true, Daemon: module.Daemon{Standing: there}}, change(), change(), []string{"renderer supervised"}},
		{"one that an operator stopped", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: down, Logger: runs}}, change("web.json"), change(), []string{"definition updated", "renderer started"}},
		{"one that an operator paused", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: paused, Logger: runs}, Says: says}, change(), change(), []string{"renderer continued"}},
		{"another script", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}, Says: says}, change(), change("run"), []string{"renderer updated", "renderer handed over"}},
		{"another logger", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: runs}, Says: says}, change(), change("log/run"), []string{"renderer updated", "renderer's logger restarted"}},
		{"a logger that an operator stopped", Situation{Defined: true, Daemon: module.Daemon{Standing: there, Process: runs, Logger: down}, Says: says}, change(), change(), []string{"renderer's logger started"}},
	} {
		if got := Decide(c.now, c.definition, c.service).Actions(c.now, false); !slices.Equal(got, c.want) {
			t.Errorf("%s: actions = %q, want %q", c.claim, got, c.want)
		}
	}
}
