package container

import (
	"strings"
	"testing"
)

func TestSameEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, has, own, inherited string
		want                      bool
	}{
		{"nothing was given", "PATH=/bin", "", "PATH=/bin", true},
		{"what was given is there", "A=1 PATH=/bin", "A=1", "PATH=/bin", true},
		{"the image's is overridden", "PATH=/opt", "PATH=/opt", "PATH=/bin", true},
		{"a value has changed", "A=1 PATH=/bin", "A=2", "PATH=/bin", false},
		{"one was added", "A=1", "A=1 B=2", "", false},
		{"one was removed", "A=1 B=2", "A=1", "", false},
		{"one that overrode the image's was removed", "PATH=/opt", "", "PATH=/bin", false},
		{"a name begins like another", "AB=1", "A=1", "AB=1", false},
	} {
		if got := sameEnvironment(strings.Fields(c.has), strings.Fields(c.own), strings.Fields(c.inherited)); got != c.want {
			t.Errorf("%s: has %q, own %q, inherited %q: the same is %v, want %v", c.name, c.has, c.own, c.inherited, got, c.want)
		}
	}
}
