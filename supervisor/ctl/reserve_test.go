package ctl

import (
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/flock"
)

func TestReserve(t *testing.T) {
	dir := t.TempDir()
	port := func(s, proto string) []container.HostPort {
		a := netip.MustParseAddrPort(s)
		return []container.HostPort{{IP: a.Addr(), Port: int(a.Port()), Proto: proto}}
	}
	// A module's call, which holds the lock until done.
	call := func(service string) (done func()) {
		f, err := flock.Open(control.LockFile(dir, service))
		if err != nil {
			t.Fatal(err)
		}
		if err := flock.Lock(f); err != nil {
			t.Fatal(err)
		}
		return func() { f.Close() }
	}
	ok := func(service string, ports []container.HostPort) {
		t.Helper()
		if err := reserve(dir, service, ports); err != nil {
			t.Errorf("reserve %v for %s: %v", ports, service, err)
		}
	}
	refused := func(service string, ports []container.HostPort, words ...string) {
		t.Helper()
		err := reserve(dir, service, ports)
		for _, w := range words {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("reserve %v for %s: %v, want %s", ports, service, err, w)
			}
		}
	}
	first, second := call("first"), call("second.db")
	ok("first", port("10.0.0.1:80", "tcp"))
	refused("second.db", port("10.0.0.1:80", "tcp"), "10.0.0.1:80/tcp", "service first")
	refused("second.db", port("0.0.0.0:80", "tcp"), "0.0.0.0:80/tcp", "service first")
	ok("second.db", port("10.0.0.1:80", "udp"))
	ok("second.db", port("10.0.0.2:80", "tcp"))
	ok("first", port("10.0.0.1:81", "tcp")) // a second try of the same call
	refused("first", port("10.0.0.2:80", "tcp"), "service second.db")
	ok("second.db", port("10.0.0.1:80", "tcp"))
	ok("first", port("10.0.0.1:0", "tcp")) // Docker chooses
	second()
	ok("first", port("10.0.0.1:80", "tcp")) // the call that had it is over
	first()
}
