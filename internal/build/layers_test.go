package build

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
)

func TestLeftLayers_are_those_that_a_build_made_and_nobody_has(t *testing.T) {
	began := time.Unix(1000, 500)
	id := func(c string) string { return "sha256:" + strings.Repeat(c, 64) }
	layer := func(c, parent string, at int64) container.Layer {
		l := container.Layer{ID: id(c), Created: time.Unix(at, 0)}
		if parent != "" {
			l.Parent = id(parent)
		}
		return l
	}
	base := layer("a", "", 10)
	base.Named = true
	kept := layer("9", "3", 1003)
	kept.Named = true
	all := []container.Layer{
		base, layer("b", "a", 900), // of a build before
		layer("c", "b", 1000), layer("d", "c", 1001), layer("e", "d", 1002), // e was not named yet when the build was ended
		layer("f", "b", 1001),       // another's build of the same files
		layer("1", "", 1001),        // another's, of which a step has printed the id, has a name
		layer("3", "c", 1002), kept, // somebody has made an image of ours
	}
	all[6].Named = true
	named := namedLayers{}
	for _, c := range []string{"a", "b", "c", "d", "1", "3"} {
		named.hear(" ---> " + strings.Repeat(c, 12) + "\n")
	}
	named.hear(" ---> Using cache\n")
	named.hear(" ---> Running in " + strings.Repeat("f", 12) + "\n")
	if got, want := leftLayers(all, named, began), []string{id("e"), id("d")}; !slices.Equal(got, want) {
		t.Errorf("%v are removed, want %v", got, want)
	}
}
