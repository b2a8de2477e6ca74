package network

import (
	"fmt"
	"net/netip"
	"os"
	"slices"

	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
)

// Resolve returns names, or else those of all networks of this host. It says what is
// wrong with them, and code is not 0 then.
func Resolve(command string, names []string) (found []string, code int) {
	all, err := overlayhost.Names(nil)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rundockd %s: %v\n", command, err)
		return nil, report.ExitUnknown
	}
	if len(names) == 0 {
		return all, 0
	}
	for _, name := range names {
		if slices.Contains(all, name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "rundockd %s: no network %s on this host; %s\n", command, name, report.ThereAre(all))
		return nil, report.ExitNone
	}
	return names, 0
}

// networkOf finds the network of address; there says which networks there are.
func networkOf(address netip.Addr) (name, there string, err error) {
	names, err := overlayhost.Names(nil)
	if err != nil {
		return "", "", err
	}
	var all []string
	for _, name := range names {
		s, lost, err := overlayhost.ReadSettings(name)
		if lost && err != nil {
			continue // which addresses it has is not known
		}
		if err != nil {
			return "", "", err
		}
		if s.CIDR.Contains(address) {
			return name, "", nil
		}
		all = append(all, fmt.Sprintf("%s %s", name, s.CIDR))
	}
	return "", report.ThereAre(all), nil
}
