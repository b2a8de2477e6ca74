package main

import (
	"fmt"
	"testing"

	"rundock/internal/moduletest/storetest"
)

func TestMain(m *testing.M) {
	storetest.Main(m, "../../supervisor/rundock-render")
}

// machine is a host without any template.
type machine struct{ *storetest.Host }

func onHost(t *testing.T) *machine {
	t.Helper()
	m := &machine{storetest.New(t, "rundock_template", "/etc/web")}
	m.State = nil // a template is made from the store, and changes nothing of it
	m.Sh("sh", "-ec", "mkdir -p /etc/web; rm -rf /etc/web/*")
	return m
}

// web makes the service web have these many instances.
func (m *machine) web(n int) {
	m.Helper()
	for i := range n {
		m.Put(fmt.Sprintf("/skydns/com/example/s/web/node-%d", i+1), fmt.Sprintf(`{"host":"10.0.0.%d","port":80}`, i+1))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
