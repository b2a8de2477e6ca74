package main

import (
	"strings"
	"testing"

	"rundock/modules/rundock/look"
)

// TestNoContainerLivesInItself: Docker would create such a container as long
// as the one of before is there, which it is to replace, and never start it.
func TestNoContainerLivesInItself(t *testing.T) {
	m := onHost(t)
	const call = "state=enabled name=self image=app:1 "
	m.apply(call)
	for _, c := range []struct{ args, want string }{
		{"args='--network container:self'", "the container would share the network of self, which is itself"},
		{"network_mode=container:self", "the container would share the network of self, which is itself"},
		{"args='--ipc container:self'", "the container would share the ipc of self, which is itself"},
		{"args='--pid container:self'", "the container would share the pid of self, which is itself"},
		{"args='--volumes-from self:ro'", "the container would share the volumes of self, which is itself"},
		{"volumes_from=other,self", "the container would share the volumes of self, which is itself"},
	} {
		m.refuses(call+c.args, c.want)
	}
	m.apply("state=absent name=self")
}

// TestNoContainersShareInACircle: each would wait for the other, for ever.
func TestNoContainersShareInACircle(t *testing.T) {
	m := onHost(t)
	const one, two = "state=present name=one image=app:1 args='--network container:two'", "state=present name=two image=app:1 args='--volumes-from three'"
	const three = "state=present name=three image=app:1 args='--ipc container:one'"
	m.apply(one)
	m.apply(two)
	m.refuses(three, "the containers of three, one, two, three would share namespaces or volumes in a circle")
	m.apply("state=present name=three image=app:1 args='--ipc container:four'")
	a := m.callJSON(map[string]any{"state": "present", "services": []map[string]any{
		{"name": "left", "image": "app:1", "args": "--pid container:right"}, {"name": "right", "image": "app:1", "args": "--pid container:left"}}})
	if want := "the containers of left, right, left would share"; !a.Failed || !strings.Contains(a.Msg, want) || look.Exists("/etc/sv/docker-left") {
		t.Errorf("two of a call that share with each other: %s, want a failure with %q and nothing written", a.raw, want)
	}
	for _, name := range []string{"one", "two", "three"} {
		m.apply("state=absent name=" + name)
	}
}
