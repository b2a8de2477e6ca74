package spec

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
	if s == "" || !consists(s[:1], alphanumeric) || !consists(s, alphanumeric+"_.-") {
		return "", fmt.Errorf("%s is not the name of a network", quote(s))
	}
	return s, nil
}
