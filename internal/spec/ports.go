package spec

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// port is one entry of Container.Ports, taken apart.
type port struct {
	ip        string // canonical address, "$PRIVATE_IP" or the like, or "": every address
	host      span   // zero: Docker chooses
	container span
	proto     string // tcp, udp, sctp
}

// String is the canonical form: no /tcp, IPv6 in brackets.
func (p port) String() string {
	s := p.container.String()
	if p.host != (span{}) {
		s = p.host.String() + ":" + s
	} else if p.ip != "" {
		s = ":" + s
	}
	if p.ip != "" {
		s = bracket(p.ip) + ":" + s
	}
	if p.proto != "tcp" {
		s += "/" + p.proto
	}
	return s
}

func bracket(ip string) string {
	if strings.Contains(ip, ":") {
		return "[" + ip + "]"
	}
	return ip
}

func canonicalPort(s string) (string, error) {
	p, err := parsePort(s)
	switch {
	case err != nil:
		return "", err
	case p.host == span{}:
		// As -P is refused: only services of before have such ports.
		p.host = p.container
		return "", fmt.Errorf("Docker would choose another port of the host at each start; name it, as in %s", p)
	case p.host.size() != p.container.size():
		return "", errors.New("Docker would choose another port of the range at each start; name one port for one")
	}
	return p.String(), nil
}

func parsePort(s string) (port, error) {
	p := port{proto: "tcp"}
	s, proto, ok := strings.Cut(s, "/")
	if ok {
		p.proto = strings.ToLower(proto)
		if p.proto != "tcp" && p.proto != "udp" && p.proto != "sctp" {
			return p, fmt.Errorf("%s is not a protocol", quote(proto))
		}
	}
	var host, container string
	var err error
	if rest, ok := strings.CutPrefix(s, "["); ok {
		ip, rest, ok := strings.Cut(rest, "]:")
		if !ok || !strings.Contains(ip, ":") || strings.Count(rest, ":") != 1 {
			return p, errors.New("not of the form [IPv6]:host port:container port")
		}
		if p.ip, err = canonicalAddress(ip); err != nil {
			return p, err
		}
		host, container, _ = strings.Cut(rest, ":")
	} else {
		switch parts := strings.Split(s, ":"); len(parts) {
		case 1:
			container = parts[0]
		case 2:
			host, container = parts[0], parts[1]
		case 3:
			host, container = parts[1], parts[2]
			if p.ip, err = canonicalAddress(parts[0]); err != nil {
				return p, err
			}
		default:
			return p, errors.New("more than three parts; an IPv6 address stands in brackets")
		}
	}
	if p.container, err = parseSpan(container); err != nil {
		return p, fmt.Errorf("container port: %w", err)
	}
	if host == "" {
		return p, nil // Docker chooses: see canonicalPort
	}
	if p.host, err = parseSpan(host); err != nil {
		return p, fmt.Errorf("host port: %w", err)
	}
	// A range for one port is a choice that Docker makes.
	if p.host.size() != p.container.size() && p.container.size() != 1 {
		return p, fmt.Errorf("%d host ports for %d container ports", p.host.size(), p.container.size())
	}
	return p, nil
}

// Published returns the port of the container that c publishes as the given
// port and protocol ("" is tcp) of the host, on the address that as means:
// public, or private ("" too). A literal address other than loopback is taken
// for that address; so a port that is bound to another one of the host's is
// taken for published. A range of the host for one port of the container is
// not: Docker chooses from it.
func (c Container) Published(as string, hostPort int, proto string) (containerPort int, ok bool) {
	if proto == "" {
		proto = "tcp"
	}
	for _, s := range c.Ports {
		p, err := parsePort(s)
		if err != nil || p.proto != proto || p.host.size() != p.container.size() || !p.on(as) {
			continue
		}
		if p.host.first <= hostPort && hostPort <= p.host.last {
			return p.container.first + hostPort - p.host.first, true
		}
	}
	return 0, false
}

// on reports whether p is bound to the address that as means.
func (p port) on(as string) bool {
	switch p.ip {
	case "", "$ANNOUNCE_IP":
		return true
	case "$PUBLIC_IP":
		return as == "public"
	case "$PRIVATE_IP":
		return as != "public"
	}
	ip, err := netip.ParseAddr(p.ip)
	return err == nil && !ip.IsLoopback()
}

// Collision returns a port that a and b both publish, so that only one of them
// can run: the port as b has it. Variables are to be expanded before.
func Collision(a, b Container) (port string, ok bool) {
	for _, s := range b.Ports {
		q, err := parsePort(s)
		if err != nil {
			continue
		}
		for _, other := range a.Ports {
			if p, err := parsePort(other); err == nil && p.collides(q) {
				return s, true
			}
		}
	}
	return "", false
}

// collides reports whether p and q want the same port of the host for sure.
func (p port) collides(q port) bool {
	if p.proto != q.proto || p.host == (span{}) || q.host == (span{}) ||
		p.host.size() != p.container.size() || q.host.size() != q.container.size() ||
		p.host.last < q.host.first || q.host.last < p.host.first {
		return false
	}
	a, _ := netip.ParseAddr(p.ip)
	b, _ := netip.ParseAddr(q.ip)
	return p.ip == q.ip || p.ip == "" || q.ip == "" ||
		a.IsValid() && b.IsValid() && a.BitLen() == b.BitLen() && (a.IsUnspecified() || b.IsUnspecified())
}

func canonicalExpose(s string) (string, error) {
	p, err := parsePort(s)
	if err == nil && (p.ip != "" || p.host != (span{}) || strings.Contains(s, ":")) {
		err = errors.New("it publishes nothing, so it names no port of the host")
	}
	return p.String(), err
}
