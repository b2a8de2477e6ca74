package params

import (
	"strings"
	"testing"
)

func TestColourIsReadIntoTheName(t *testing.T) {
	image, port := "app:1", 80
	full := Params{Name: "web", Colour: "blue", State: "enabled", Image: &image, Announce: &port, WaitTimeout: 1, StopTimeout: 1}
	for _, c := range []struct {
		claim, name, err string
		change           func(*Params)
	}{
		{"the name has the colour", "web-blue", "", func(*Params) {}},
		{"without colour the name stays", "web", "", func(p *Params) { p.Colour = "" }},
		{"to remove it the name and the colour are enough", "web-blue", "", func(p *Params) { *p = Params{Name: "web", Colour: "blue", State: "absent"} }},
		{"without an announcement there is nothing to switch", "", "missing parameter(s) required by 'colour': announce, announces", func(p *Params) { p.Announce = nil }},
		{"a port is not named as a colour", "", "value of announces[1].name must not be a colour", func(p *Params) {
			p.Announce, p.Announces = nil, []Announce{{Port: new(80)}, {Port: new(81), Name: "green"}}
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
