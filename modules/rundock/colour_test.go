package main

import (
	"os"
	"slices"
	"testing"
)

func TestColours(t *testing.T) {
	m := onHost(t)
	service := func(colour, ports string) string {
		return "state=enabled name=web image=app:1 colour=" + colour + " " + ports
	}
	m.apply(service("blue", "announce=8081 port=80"))
	m.refuses(service("green", "announce=8081 port=80"), "web-green and web-blue both use port 8081 (private, tcp) of the host, and run at once: give each colour a port of its own")
	m.refuses(service("green", "announce=8082 port=80 published_ports=8081:81"), "web-green and web-blue both use port")
	m.apply(service("green", "announce=8082 port=80"))
	m.refuses("state=enabled name=web-blue image=app:1 announce=8083", "/etc/sv/docker-web-blue is the directory of a service web with the colour blue, and not of a service web-blue without colour")
	m.apply("state=absent name=web colour=blue")
	m.apply("state=absent name=web colour=green")
	// Of a colour that answers the service's name, it is asked whether another host has it.
	for _, active := range []string{"blue", "green"} {
		must(t, os.WriteFile("/run/standin/active", []byte(active), 0o644))
		must(t, os.WriteFile("/run/standin/stays", []byte("etcd is away"), 0o644))
		m.apply(service("blue", "announce=8081 port=80"))
		var want []string
		if active == "blue" {
			want = append(want, "web-blue is the last")
		}
		if a := m.call("state=disabled name=web colour=blue", "check_mode"); !slices.Equal(a.Warnings, want) {
			t.Errorf("%s active: check of disabled warns %q, want %q", active, a.Warnings, want)
		}
		want = append(want, "its record was not withdrawn, and stays in DNS until its lease ends or the store is back: etcd is away")
		if a := m.call("state=disabled name=web colour=blue"); !slices.Equal(a.Warnings, want) {
			t.Errorf("%s active: disabled warns %q, want %q", active, a.Warnings, want)
		}
		must(t, os.Remove("/run/standin/active"))
		must(t, os.Remove("/run/standin/stays"))
		if a := m.apply("state=absent name=web colour=blue"); len(a.Warnings) > 0 {
			t.Errorf("%s active: absent, of what is disabled, warns %q", active, a.Warnings)
		}
	}
	m.apply("state=enabled name=web-blue image=app:1 announce=8083")
	m.refuses(service("blue", "announce=8081 port=80"), "/etc/sv/docker-web-blue is the directory of a service web-blue without colour, and not of a service web with the colour blue")
	m.apply("state=absent name=web-blue")
}
