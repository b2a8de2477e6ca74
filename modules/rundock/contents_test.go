package main

import (
	"os"
	"strings"
	"testing"
)

// What the files hold that a container is made from counts as what the
// parameters say: another content replaces the container, once.
func TestFilesThatAContainerIsMadeFrom(t *testing.T) {
	m := onHost(t)
	write := func(path, text string) {
		t.Helper()
		must(t, os.WriteFile(path, []byte(text), 0o600))
		t.Cleanup(func() { os.Remove(path) })
	}
	const env, profile = "/etc/made.env", "/etc/made.json"
	write(env, "A=hunter2\n")
	write(profile, "{}")
	const call = "state=enabled name=made image=app:1 env_file=" + env + " security_opts=seccomp=" + profile
	m.wantActions(m.apply(call), "installed", "enabled")
	m.wantEvents("made", "container 1 started")

	write(env, "# a comment\nA=hunter2\n")
	m.wantActions(m.apply(call))

	write(env, "A=hunter3\n")
	a := m.apply(call)
	m.wantActions(a, "container replaced")
	m.wantDiff(a, "made", env)
	if strings.Contains(a.raw, "hunter") {
		t.Errorf("the answer shows what the file holds: %s", a.raw)
	}
	m.wantEvents("made", "container 1 stopped", "container 2 started")

	write(profile, "{ }")
	a = m.apply(call)
	m.wantActions(a, "container replaced")
	m.wantDiff(a, "made", profile)
	m.wantEvents("made", "container 2 stopped", "container 3 started")

	write(env, "A=hunter4\n")
	a = m.apply(call + " args='-e B=1'")
	m.wantActions(a, "files updated", "container replaced")
	m.wantEvents("made", "container 3 stopped", "container 4 started")
	m.apply("state=absent name=made")
}
