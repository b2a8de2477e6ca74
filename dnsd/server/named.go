package server

import (
	"net/netip"
	"strings"
)

// Named reports whether a is the name of an interface, whose address can
// become another one.
func (a Address) Named() bool {
	_, err := netip.ParseAddr(a.Host)
	return a.Host != "" && err != nil
}

// Now lists what the addresses of interfaces among all stand for now, each
// once: "10.0.0.7:53". The error is of one that is not there.
func Now(all []Address) (string, error) {
	var now []string
	for _, a := range all {
		if !a.Named() {
			continue
		}
		found, err := a.resolve()
		if err != nil {
			return "", err
		}
		for _, at := range found {
			now = append(now, at.String())
		}
	}
	return strings.Join(now, " "), nil
}
