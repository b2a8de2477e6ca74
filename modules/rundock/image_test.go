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
