package main

import (
	"slices"
	"testing"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
)

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
		now                 situation
		definition, service fstree.Changes
		want                []string
	}{
		{"nothing there", situation{}, change("web.json"), change("run", "log/run"), []string{"definition written", "renderer installed", "renderer enabled"}},
		{"all as it should be", situation{Standing: there, Defined: true, Renderer: runs, Logger: runs, Says: says}, change(), change(), nil},
		{"another definition", situation{Standing: there, Defined: true, Renderer: runs, Logger: runs, Says: says}, change("web.json"), change(), []string{"definition updated", "renderer handed over"}},
		{"a first definition beside others", situation{Standing: there, Renderer: runs, Logger: runs}, change("web.json"), change(), []string{"definition written", "renderer handed over"}},
		{"a renderer that has not read it", situation{Standing: there, Defined: true, Renderer: runs, Logger: runs}, change(), change(), []string{"renderer handed over"}},
		{"one that has read another", situation{Standing: there, Defined: true, Renderer: runs, Logger: runs, Says: says, Stale: true}, change(), change(), []string{"renderer handed over"}},
		{"a linked one that runsvdir has not seen", situation{Standing: there, Defined: true}, change(), change(), []string{"renderer supervised"}},
		{"one that an operator stopped", situation{Standing: there, Defined: true, Renderer: down, Logger: runs}, change("web.json"), change(), []string{"definition updated", "renderer started"}},
		{"one that an operator paused", situation{Standing: there, Defined: true, Renderer: paused, Logger: runs, Says: says}, change(), change(), []string{"renderer continued"}},
		{"another script", situation{Standing: there, Defined: true, Renderer: runs, Logger: runs, Says: says}, change(), change("run"), []string{"renderer updated", "renderer handed over"}},
		{"another logger", situation{Standing: there, Defined: true, Renderer: runs, Logger: runs, Says: says}, change(), change("log/run"), []string{"renderer updated", "renderer's logger restarted"}},
		{"a logger that an operator stopped", situation{Standing: there, Defined: true, Renderer: runs, Logger: down, Says: says}, change(), change(), []string{"renderer's logger started"}},
	} {
		if got := decide(c.now, c.definition, c.service).actions(c.now, false); !slices.Equal(got, c.want) {
			t.Errorf("%s: actions = %q, want %q", c.claim, got, c.want)
		}
	}
}
