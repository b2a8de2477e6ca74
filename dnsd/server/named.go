package server

import "net/netip"

// Named reports whether a is the name of an interface, whose address can
// become another one.
func (a Address) Named() bool {
	_, err := netip.ParseAddr(a.Host)
	return a.Host != "" && err != nil
}

// Now lists what the names of interfaces among all stand for now. The error is
// of one that is not there.
func Now(all []Address) ([]netip.AddrPort, error) {
	var now []netip.AddrPort
	for _, a := range all {
		if !a.Named() {
			continue
		}
		found, err := a.resolve()
		if err != nil {
			return now, err
		}
		now = append(now, found...)
	}
	return now, nil
}
