package announcing

import (
	"fmt"
	"net/netip"
	"time"

	"rundock/internal/announce"
	"rundock/internal/announce/defaults"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/skydns"
	"rundock/supervisor"
)

// Config joins what announce.json says and what this host is.
func Config(wanted supervisor.Announce, host hostconfig.Config) (announce.Config, error) {
	machine, err := hostconfig.MachineID()
	if err != nil {
		return announce.Config{}, err
	}
	cfg := announce.Config{
		Name: wanted.Service,
		Identity: announce.Identity{
			Prefix: skydns.Prefix, Zone: host.Zone(), Service: control.ServiceOf(wanted.Service, wanted.Colour), Host: host.Host, Colour: wanted.Colour,
			ID: control.RecordID(machine, wanted.Service, wanted.Colour),
		},
		HasContainer: wanted.Container,
		Drain:        time.Duration(wanted.Drain) * time.Second,
	}
	if wanted.Stack != "" {
		cfg.Service, cfg.Stack, cfg.Number = wanted.Slot.Service, wanted.Stack, wanted.Slot.Number
		cfg.Aliases = wanted.Aliases
	}
	for _, a := range wanted.Announces {
		p, err := announcePort(a, host)
		if err != nil {
			return announce.Config{}, fmt.Errorf("announce %s: port %d: %w", wanted.Service, a.Port, err)
		}
		cfg.Ports = append(cfg.Ports, p)
	}
	return cfg, nil
}

func announcePort(a supervisor.Announcement, host hostconfig.Config) (announce.Port, error) {
	p := announce.Port{
		Name: a.Name, Network: a.Network, Port: a.Port, ContainerPort: a.ContainerPort, Protocol: a.Protocol,
		Priority: a.Priority, Weight: a.Weight, Tags: a.Tags, Meta: a.Meta,
		Lease: time.Duration(a.Lease) * time.Second,
	}
	var err error
	switch a.As {
	case defaults.As, "":
		p.Address, err = host.PrivateAddress()
	case "public":
		p.Address, err = host.PublicAddress()
	case "container":
		p.Address = netip.Addr{} // the container's own
	default:
		err = fmt.Errorf("as %q: want public, private or container", a.As)
	}
	if err != nil || a.Check == nil {
		return p, err
	}
	c := a.Check
	p.Check = announce.Check{Type: announce.CheckType(c.Type), Path: c.Path, Command: c.Command, Port: c.Port, Rise: c.Rise, Fall: c.Fall}
	if p.Check.Interval, err = duration("interval", c.Interval); err != nil {
		return p, err
	}
	p.Check.Timeout, err = duration("timeout", c.Timeout)
	return p, err
}

// duration reads a check's setting; "" is 0, the default.
func duration(setting, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("check %s %q: want a duration such as 1s or 500ms", setting, text)
	}
	return d, nil
}
