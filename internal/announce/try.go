package announce

import (
	"cmp"
	"context"
	"fmt"
)

// Trial is one check made for a person who asks.
type Trial struct {
	Port    string // "8086", or the port's name; "" of an address alone
	What    string // "tcp 172.17.0.3:8086", "HEALTHCHECK"; "" where nothing is checked
	Failure string // "" where it succeeded
	Skipped string // why it was not made
}

// Try makes the check of each port once, as the sidecar of c would on
// container i, but runs no command: those are the sidecar's to run.
func (c Config) Try(ctx context.Context, i Instance) []Trial {
	var trials []Trial
	for _, p := range c.Ports {
		trials = append(trials, p.try(ctx, c.HasContainer, i))
	}
	return trials
}

func (p Port) try(ctx context.Context, contained bool, i Instance) Trial {
	t := Trial{Port: cmp.Or(p.Name, fmt.Sprint(p.Port))}
	if p.Port == 0 {
		t.Port = ""
	}
	p, err := p.withDefaults()
	if err != nil {
		t.Failure = err.Error()
		return t
	}
	g := gate{hasContainer: contained, check: p.Check.Type, connects: p.Port != 0 && p.Protocol == "tcp", instance: i}
	switch {
	case contained && !i.Running:
		t.Skipped = "the container does not run"
		return t
	case g.usesHealthcheck():
		t.What = "HEALTHCHECK"
		if well, reason := g.dockerHealth(); !well {
			t.Failure = reason
		}
		return t
	case !g.canProbe():
		t.Skipped = "nothing is checked: UDP"
		if p.Port == 0 {
			t.Skipped = "nothing is checked: an address alone is announced"
		}
		return t
	case p.Check.Type == CheckExec:
		t.What, t.Skipped = fmt.Sprintf("%q", p.Check.Command), "a command, which only the sidecar runs"
		return t
	}
	target, err := p.target(i)
	if err != nil {
		t.Failure = err.Error()
		return t
	}
	t.What = "tcp " + target.String()
	if p.Check.Type == CheckHTTP {
		t.What = fmt.Sprintf("http://%s%s", target, p.Check.Path)
	}
	if err := p.Check.once(ctx, target); err != nil {
		t.Failure = err.Error()
	}
	return t
}
