package spec

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// addressVariables are the variables that stand for an address.
var addressVariables = []string{"ANNOUNCE_IP", "PRIVATE_IP", "PUBLIC_IP"}

// canonicalAddress is an IP address without zone, or a variable for one,
// written $NAME.
func canonicalAddress(s string) (string, error) {
	if strings.HasPrefix(s, "$") {
		name := strings.TrimSuffix(strings.TrimPrefix(s[1:], "{"), "}")
		if !slices.Contains(addressVariables, name) || s != "$"+name && s != "${"+name+"}" {
			return "", fmt.Errorf("%s is not the variable of an address", quote(s))
		}
		return "$" + name, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return "", fmt.Errorf("%s is not an ip address", quote(s))
	}
	return a.String(), nil
}

func canonicalExtraHost(s string) (string, error) {
	name, ip, ok := strings.Cut(s, "=") // docker run takes both
	if !ok {
		name, ip, ok = strings.Cut(s, ":")
	}
	if !ok {
		return "", errors.New("no address")
	}
	name, err := canonicalHostname(name)
	if err != nil || ip == "host-gateway" {
		return name + ":" + ip, err
	}
	if strings.HasPrefix(ip, "[") && strings.HasSuffix(ip, "]") {
		ip = ip[1 : len(ip)-1]
	}
	ip, err = canonicalAddress(ip)
	return name + ":" + ip, err
}

func canonicalHostname(s string) (string, error) {
	if err := knownVariables(s); err != nil {
		return "", err
	}
	name := substitute(s, func(string) (string, bool) { return "x", true })
	if len(name) > 64 { // the kernel's __NEW_UTS_LEN
		return "", errors.New("longer than 64 characters")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || !consists(label, alphanumeric+"_-") || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fmt.Errorf("%s is not a host name", quote(s))
		}
	}
	return s, nil
}

func canonicalNetwork(s string) (string, error) {
	if s == "default" {
		return "bridge", nil // "" in the end, but the first network all the same
	}
	if name, ok := strings.CutPrefix(s, "container:"); ok {
		return s, checkContainerName(name)
	}
	if !IsName(s) {
		return "", fmt.Errorf("%s is not the name of a network", quote(s))
	}
	return s, nil
}

func canonicalAlias(s string) (string, error) {
	if strings.Contains(s, "$") {
		return "", errors.New("variables are not expanded here")
	}
	return canonicalHostname(s)
}

func canonicalFixedAddress(s string) (string, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return "", fmt.Errorf("%s is not an ip address", quote(s))
	}
	return a.String(), nil
}

func canonicalIPv4(s string) (string, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return "", fmt.Errorf("%s is not an IPv4 address", quote(s))
	}
	return a.String(), nil
}

func canonicalIPv6(s string) (string, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is6() || a.Is4In6() || a.Zone() != "" {
		return "", fmt.Errorf("%s is not an IPv6 address", quote(s))
	}
	return a.String(), nil
}

// canonicalMAC takes six bytes with colons or hyphens between them.
func canonicalMAC(s string) (string, error) {
	parts := strings.Split(strings.ReplaceAll(strings.ToLower(s), "-", ":"), ":")
	for _, p := range parts {
		if len(p) != 2 || !consists(p, "0123456789abcdef") || len(parts) != 6 {
			return "", errors.New("not a MAC address")
		}
	}
	if first, _ := strconv.ParseUint(parts[0], 16, 8); first&1 != 0 {
		return "", errors.New("an address of a group")
	}
	return strings.Join(parts, ":"), nil
}

func canonicalSearch(s string) (string, error) {
	if s == "." { // resolv.conf's way to have none
		return s, nil
	}
	name := strings.TrimSuffix(s, ".")
	if len(name) > 253 {
		return "", errors.New("longer than 253 characters")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || !consists(label, alphanumeric+"_-") || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fmt.Errorf("%s is not a domain name", quote(s))
		}
	}
	return strings.ToLower(name), nil
}

// dnsOptions are those of resolv.conf(5); the flags, and those with a number.
var (
	dnsFlags   = strings.Fields("debug rotate no-aaaa no-check-names inet6 edns0 single-request single-request-reopen no-tld-query use-vc no-reload trust-ad")
	dnsNumbers = strings.Fields("ndots timeout attempts")
)

func canonicalDNSOption(s string) (string, error) {
	name, value, has := strings.Cut(s, ":")
	switch {
	case !has && slices.Contains(dnsFlags, name):
		return s, nil
	case has && slices.Contains(dnsNumbers, name):
		n, err := parseWhole(value, 0, 255)
		return name + ":" + strconv.Itoa(n), err
	}
	return "", errors.New("not an option of resolv.conf")
}

func canonicalDomain(s string) (string, error) {
	if strings.Contains(s, "$") {
		return "", errors.New("variables are not expanded here")
	}
	return canonicalHostname(s)
}
