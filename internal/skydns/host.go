package skydns

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// checkHost accepts nothing, an address without zone, and the name of a host.
func checkHost(host string) error {
	if host == "" {
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return fmt.Errorf("%q: an address with a zone means nothing on other hosts", host)
		}
		return nil
	}
	if len(host) > 4*maxWire {
		return fmt.Errorf("%.40q...: longer than a DNS name", host)
	}
	if strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c == '/' || c == ':' || c == 0x7f }) {
		return fmt.Errorf("%q is neither an address nor a DNS name", host)
	}
	if strings.Contains(host, `\`) {
		return fmt.Errorf("%q: a host name has no escapes", host)
	}
	labels, err := split(host)
	switch {
	case err != nil:
	case len(labels) == 0:
		err = errors.New("the root is no host")
	case strings.Trim(labels[len(labels)-1], "0123456789") == "":
		err = errors.New("it looks like an address and is none: want four numbers from 0 to 255 without leading zeros and final dot, or a name")
	default:
		err = checkHostLabels(labels)
	}
	if err != nil {
		return fmt.Errorf("%q: %w", host, err)
	}
	return nil
}

// CheckHostName says why the resolvers of Go, glibc and c-ares refuse a name, in
// presentation format, as that of a host, if they do. It is stricter than they
// are nowhere that matters: letters, digits, - and _ are taken.
func CheckHostName(name string) error {
	labels, err := split(name)
	if err != nil {
		return err
	}
	return checkHostLabels(labels)
}

func checkHostLabels(labels []string) error {
	for _, label := range labels {
		switch {
		case strings.ContainsFunc(label, func(c rune) bool { return c > '~' }):
			return fmt.Errorf("label %q: a host name has ASCII alone; such a label is written xn--... there", label)
		case strings.Contains(label, "."):
			return fmt.Errorf("label %q: a host name has no dot within a label", label)
		case strings.ContainsFunc(label, notInHostName):
			return fmt.Errorf("label %q: a host name has letters, digits, - and _ alone", label)
		case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
			return fmt.Errorf("label %q: a host name's neither begins nor ends with -", label)
		}
	}
	return nil
}

func notInHostName(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
}
