package main

import (
	"os"
	"testing"
)

// Another spelling of the same reference is no change, whichever was there
// first.
func TestImageSpelledOtherwise(t *testing.T) {
	m := onHost(t)
	for _, spellings := range [][]string{{"app", "app:latest", "docker.io/library/app"}, {"app:latest", "app"}} {
		m.apply("state=enabled name=spelled image=" + spellings[0])
		m.wantEvents("spelled", "container 1 started")
		for _, same := range spellings {
			m.wantActions(m.apply("state=enabled name=spelled image=" + same))
		}
		m.wantActions(m.apply("state=enabled name=spelled args='-e A=1' image="+spellings[1]), "files updated", "container replaced")
		m.wantActions(m.apply("state=enabled name=spelled args='-e A=1' image=app:2"), "files updated", "container replaced")
		m.apply("state=absent name=spelled")
		must(t, os.Remove("/run/standin/spelled.container"))
		m.events("spelled")
	}
}

// What the image keeps in a volume of its own goes at each replacement: the
// call that makes the container warns of it.
func TestImageThatKeepsData(t *testing.T) {
	m := onHost(t)
	const want = "the image keeps data in /data, where the container has no volume: it is lost whenever the container is made anew, after a change or a crash; give it one, such as keeper:/data"
	if a := m.call("state=enabled name=keeper image=keeps:1"); a.Failed || len(a.Warnings) != 1 || a.Warnings[0] != want {
		t.Errorf("warnings %q, want %q", a.Warnings, want)
	}
	m.call("state=absent name=keeper")
}
