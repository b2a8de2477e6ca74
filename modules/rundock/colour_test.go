package main

import (
	"strings"
	"testing"
)

func TestColourIsReadIntoTheName(t *testing.T) {
	full := params{Name: "web", Colour: "blue", State: "enabled", Image: ptr("app:1"), Announce: ptr(80), WaitTimeout: 1, StopTimeout: 1}
	for _, c := range []struct {
		claim, name, err string
		change           func(*params)
	}{
		{"the name has the colour", "web-blue", "", func(*params) {}},
		{"without colour the name stays", "web", "", func(p *params) { p.Colour = "" }},
		{"to remove it the name and the colour are enough", "web-blue", "", func(p *params) { *p = params{Name: "web", Colour: "blue", State: "absent"} }},
		{"without an announcement there is nothing to switch", "", "missing parameter(s) required by 'colour': announce, announces", func(p *params) { p.Announce = nil }},
		{"a port is not named as a colour", "", "value of announces[1].name must not be a colour", func(p *params) {
			p.Announce, p.Announces = nil, []announceParams{{Port: 80}, {Port: 81, Name: "green"}}
		}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			p := full
			c.change(&p)
			p, err := p.read()
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error = %v, want %s", err, c.err)
				}
				return
			}
			if err != nil || p.Name != c.name {
				t.Errorf("name = %q, %v, want %q", p.Name, err, c.name)
			}
		})
	}
}

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
	m.apply("state=enabled name=web-blue image=app:1 announce=8083")
	m.refuses(service("blue", "announce=8081 port=80"), "/etc/sv/docker-web-blue is the directory of a service web-blue without colour, and not of a service web with the colour blue")
	m.apply("state=absent name=web-blue")
}
