package lab

import (
	"fmt"
	"slices"
)

// Options say what Up makes. The zero value keeps a lab as it is, and makes a
// new one of three prepared hosts.
type Options struct {
	Hosts    int               // number of hosts; 0 means those there are, or 3
	Flavour  Flavour           // "" means that of the hosts there are, or Prepared
	NoPython []string          // hosts to make without any Python
	Releases map[string]string // host to the Debian release it is made from; those not named are of the lab's
}

// defaultHosts is how many hosts a new lab has.
const defaultHosts = 3

// wanted returns the hosts Up has to end with and their flavour, or why the
// lab, now having hosts have of the given flavour, cannot be turned into that.
func (o Options) wanted(id string, have []Host, flavour Flavour) ([]Host, Flavour, error) {
	count, f := o.Hosts, o.Flavour
	if count == 0 && len(have) > 0 {
		count = len(have)
	} else if count == 0 {
		count = defaultHosts
	}
	if count < 1 || count > MaxHosts {
		return nil, "", fmt.Errorf("lab %s: %d hosts: want 1 to %d", id, count, MaxHosts)
	}
	if f == "" {
		f = Prepared
		if flavour != "" {
			f = flavour
		}
	}
	if f != Bare && f != Prepared {
		return nil, "", fmt.Errorf("lab %s: flavour %q: want %q or %q", id, f, Bare, Prepared)
	}
	if flavour != "" && f != flavour {
		return nil, "", fmt.Errorf("lab %s is up with %s hosts, not %s ones; run lab down first", id, flavour, f)
	}
	hosts := plan(id, count)
	for _, h := range have {
		if !slices.Contains(hosts, h) {
			return nil, "", fmt.Errorf("lab %s has %s, which a lab of %d hosts has not; run lab down first", id, h.Name, count)
		}
	}
	for _, name := range o.NoPython {
		if !slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name }) {
			return nil, "", fmt.Errorf("lab %s: no host %s to be without Python", id, name)
		}
	}
	for name, release := range o.Releases {
		if !slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name }) {
			return nil, "", fmt.Errorf("lab %s: no host %s to be of Debian %s", id, name, release)
		}
		if !validRelease.MatchString(release) {
			return nil, "", fmt.Errorf("lab %s: release %q of %s: want a name such as trixie", id, release, name)
		}
	}
	return hosts, f, nil
}
