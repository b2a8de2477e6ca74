package servicecontainer

import (
	"testing"

	"rundock/internal/container"
)

// TestRenamedOf is which of a service's containers should have its name, where
// none has.
func TestRenamedOf(t *testing.T) {
	is := func(name string, runs bool) container.State {
		return container.State{Exists: true, Running: runs, Name: name}
	}
	for _, c := range []struct {
		claim string
		all   []container.State
		want  string // "": none
	}{
		{"there is none", nil, ""},
		{"one was renamed", []container.State{is("old-web", true)}, "old-web"},
		{"also where it has ended", []container.State{is("old-web", false)}, "old-web"},
		{"one that runs comes before one that has ended", []container.State{is("older-web", false), is("old-web", true)}, "old-web"},
		{"the next one is made beside it", []container.State{is("web.new", false), is("old-web", true)}, "old-web"},
		{"and is none that was renamed", []container.State{is("web.new", true), is("web.check", false)}, ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if got, ok := renamedOf(c.all, "web"); got.Name != c.want || ok != (c.want != "") {
				t.Errorf("renamedOf = %q, %v; want %q", got.Name, ok, c.want)
			}
		})
	}
}
