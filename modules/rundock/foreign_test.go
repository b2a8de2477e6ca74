package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSlotThatGoesLeavesWhatIsNotOfIt is of a slot whose installation was refused, as another
// service has the name of its container: undoing it must not remove that one.
func TestSlotThatGoesLeavesWhatIsNotOfIt(t *testing.T) {
	m := onHost(t)
	for _, c := range []struct{ there, slot, of string }{
		{"name=num-a-1 image=app:1", "name=num-a-1 stack=num slot=a.1", "a service num-a-1 without colour"},
		{"name=num-a-1 announce=80", "name=num-a-1 stack=num slot=a.1", "a service num-a-1 without colour"},
		{"name=num-a-b-1 image=app:1 stack=num-a slot=b.1", "name=num-a-b-1 stack=num slot=a-b.1", "slot b.1 of stack num-a"},
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.slot, "name="), " ")
		leaves := func(want string) {
			t.Helper()
			for _, state := range []string{"disabled", "absent"} {
				for _, mode := range [][]string{{"check_mode"}, nil} {
					if a := m.call("state="+state+" "+c.slot, mode...); a.Failed || a.Changed || len(a.Actions) > 0 || !slices.Equal(a.Warnings, []string{want}) {
						t.Errorf("%s %v, where there is %s: %s, want it to warn %q", state, mode, c.there, a.raw, want)
					}
				}
			}
			m.wantEvents(name)
		}
		m.apply("state=enabled " + c.there)
		m.events(name)
		m.refuses("state=enabled image=app:2 "+c.slot, "is the directory of "+c.of)
		leaves("/etc/sv/docker-" + name + " is the directory of " + c.of + ", and not of the slot: it is left as it is")

		// Of one whose directory somebody has deleted, the container tells.
		const down = "/run/standin/docker-down"
		if strings.Contains(c.there, "image=") {
			must(t, os.WriteFile(down, nil, 0o644))
			for _, path := range []string{"/etc/service/docker-" + name, "/etc/sv/docker-" + name} {
				must(t, os.RemoveAll(path))
			}
			m.call("state=disabled name=" + name) // ends its runner
			must(t, os.Remove(down))
			leaves("container " + name + " is not of the slot")
			m.apply("state=enabled " + c.there)
			m.events(name)
		}
		m.apply("state=absent name=" + name)
	}

	// Of the slot itself goes what a call that was killed has left: half a directory, or a container alone.
	const own = "name=num-a-1 stack=num slot=a.1"
	m.apply("state=enabled image=app:1 announces='[{\"as\":\"container\"}]' " + own)
	must(t, os.Remove("/etc/sv/docker-num-a-1/services/service/service.json"))
	m.call("state=absent " + own)
	for _, path := range []string{"/etc/sv/docker-num-a-1", "/etc/service/docker-num-a-1", "/run/rundock/num-a-1"} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("of a slot without service.json, %s is left", path)
		}
	}
	m.apply("state=enabled image=app:1 " + own)
	m.apply("state=disabled " + own)
	m.apply("state=absent " + own)
	m.apply("state=absent " + own)
}
