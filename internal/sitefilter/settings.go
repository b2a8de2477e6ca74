// Package sitefilter says what a host lets in of the packets for its own services,
// and those of the site's other hosts: who may reach etcd, the image registry, ssh and
// the like, besides what each of these asks of its callers. It is one table of nftables
// that only refuses: what it lets pass is for all other rules of the host to judge.
//
// Settings is /etc/rundock/filter.json, which site.yml writes, Surroundings is what the
// host's Docker and rundock have now, and Rules is the table of both.
package sitefilter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Settings is filter.json.
type Settings struct {
	Version int                   `json:"version"`
	Host    string                `json:"host"`    // this one's name in Hosts
	Private string                `json:"private"` // interfaces of this host
	Public  string                `json:"public"`
	Hosts   map[string]netip.Addr `json:"hosts"` // of the site, by their private addresses
	// Addresses of IPv6 that hosts have at their private interface, but for those of the link alone.
	Hosts6   map[string][]netip.Addr `json:"hosts6,omitempty"`
	Others   []string                `json:"others,omitempty"` // addresses and networks that count as hosts of the site
	Services []Service               `json:"services"`
	Open     []Port                  `json:"open,omitempty"` // of hosts, to containers
}

// Service is one of hosts' own.
type Service struct {
	Name       string   `json:"name"` // for people
	Ports      []Port   `json:"ports"`
	At         []string `json:"at,omitempty"` // names of hosts; absent: all
	From       From     `json:"from"`
	Only       []string `json:"only,omitempty"`       // names of hosts: of those that From lets in, these alone; not by containers of its own host either
	Containers bool     `json:"containers,omitempty"` // containers reach it, too: of all hosts
}

// From is who may reach a service, besides its own host.
type From string

const (
	FromHosts   From = "hosts"   // hosts of the site, by the private interface
	FromPrivate From = "private" // whatever comes by the private interface
	FromAny     From = "any"     // that is for others to say, but of containers
)

// Port is a port with its protocol, or several one after the other: 2379/tcp, 21000-21999/tcp in JSON.
type Port struct {
	Number uint16
	Proto  string // tcp, udp, sctp
	Last   uint16 // of several; 0: it is one
}

func (p Port) String() string { return p.numbers() + "/" + p.Proto }

func (p Port) numbers() string {
	if p.Last == 0 {
		return strconv.Itoa(int(p.Number))
	}
	return fmt.Sprintf("%d-%d", p.Number, p.Last)
}

// match is the part of a rule that asks for the port.
func (p Port) match() string { return p.Proto + " dport " + p.numbers() }

func (p Port) compare(q Port) int {
	if p.Proto != q.Proto {
		return strings.Compare(p.Proto, q.Proto)
	}
	return int(p.Number) - int(q.Number)
}

// MarshalText and UnmarshalText are for JSON.
func (p Port) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p *Port) UnmarshalText(text []byte) error {
	numbers, proto, found := strings.Cut(string(text), "/")
	if !found {
		proto = "tcp"
	}
	first, last, several := strings.Cut(numbers, "-")
	n, err := strconv.ParseUint(first, 10, 16)
	var to uint64
	if several && err == nil {
		to, err = strconv.ParseUint(last, 10, 16)
	}
	if err != nil || n == 0 || several && to <= n || !slices.Contains([]string{"tcp", "udp", "sctp"}, proto) {
		return fmt.Errorf("port %q: want PORT/tcp, PORT/udp or PORT/sctp, or FIRST-LAST in the place of PORT", text)
	}
	*p = Port{uint16(n), proto, uint16(to)}
	return nil
}

// interfaceName is what an interface of Linux may be called, less what a rule cannot say.
var interfaceName = regexp.MustCompile(`^[A-Za-z0-9_.:@-]{1,15}$`)

// Parse reads filter.json and checks it; an error names the field.
func Parse(data []byte) (s Settings, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	switch {
	case s.Version != 1:
		return s, fmt.Errorf("version is %d, want 1", s.Version)
	case !s.Hosts[s.Host].IsValid():
		return s, fmt.Errorf("host %q is none of hosts", s.Host)
	case !interfaceName.MatchString(s.Private):
		return s, fmt.Errorf("private %q is not the name of an interface", s.Private)
	case !interfaceName.MatchString(s.Public):
		return s, fmt.Errorf("public %q is not the name of an interface", s.Public)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Hosts)) {
		if !s.Hosts[name].Is4() {
			return s, fmt.Errorf("hosts: %s has no address of IPv4", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Hosts6)) {
		if !s.Hosts[name].IsValid() {
			return s, fmt.Errorf("hosts6: %s is none of hosts", name)
		}
		for _, a := range s.Hosts6[name] {
			if !routed6(a) {
				return s, fmt.Errorf("hosts6: %s: %s is no address of IPv6 beyond its link", name, a)
			}
		}
	}
	for _, other := range s.Others {
		if _, err := network(other); err != nil {
			return s, fmt.Errorf("others: %w", err)
		}
	}
	for _, service := range s.Services {
		if err := service.validate(s); err != nil {
			return s, fmt.Errorf("services: %s: %w", service.Name, err)
		}
	}
	return s, nil
}

func (v Service) validate(s Settings) error {
	if len(v.Ports) == 0 {
		return errors.New("it has no ports")
	}
	if !slices.Contains([]From{FromHosts, FromPrivate, FromAny}, v.From) {
		return fmt.Errorf("from is %q, want %s, %s or %s", v.From, FromHosts, FromPrivate, FromAny)
	}
	for _, at := range v.At {
		if !s.Hosts[at].IsValid() {
			return fmt.Errorf("at: %s is none of hosts", at)
		}
	}
	for _, only := range v.Only {
		if !s.Hosts[only].IsValid() {
			return fmt.Errorf("only: %s is none of hosts", only)
		}
	}
	if len(v.Only) > 0 && v.From != FromHosts {
		return fmt.Errorf("only is for what hosts reach, and from is %q", v.From)
	}
	return nil
}

// routed6 reports whether a host is known by the address: one of the link alone may be another
// machine's at another interface, and one that stands for IPv4 is none of IPv6.
func routed6(a netip.Addr) bool {
	return a.Is6() && !a.Is4In6() && a.Zone() == "" && (a.IsGlobalUnicast() || a.IsPrivate())
}

// network is a network, or an address as a network of its own.
func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" && !a.Is4In6() {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return p, fmt.Errorf("%q is neither an address nor a network", text)
	}
	return p.Masked(), nil
}

// Counts reports whether hosts of the site let the address in as one of theirs.
func (s Settings) Counts(a netip.Addr) bool {
	for _, at := range s.Hosts {
		if at == a {
			return true
		}
	}
	return slices.ContainsFunc(s.Others, func(other string) bool {
		p, err := network(other)
		return err == nil && p.Contains(a)
	})
}

// Admit returns filter.json with more addresses of hosts, by name, and whether that changes it: a
// host that joins has to reach the others' services before these have been told of it by a run
// of site.yml of their own. Of IPv6 it has exactly the ones given, where any is; of IPv4 the last one.
func Admit(data []byte, hosts map[string][]netip.Addr) (after []byte, changed bool, err error) {
	s, err := Parse(data)
	if err != nil {
		return nil, false, err
	}
	for name, addresses := range hosts {
		var six []netip.Addr
		for _, at := range addresses {
			if at.Is6() {
				six = append(six, at)
			} else if s.Hosts[name] != at {
				s.Hosts[name], changed = at, true
			}
		}
		if len(six) > 0 && !slices.Equal(s.Hosts6[name], six) {
			if s.Hosts6 == nil {
				s.Hosts6 = map[string][]netip.Addr{}
			}
			s.Hosts6[name], changed = six, true
		}
	}
	if !changed {
		return data, false, nil
	}
	// As site.yml writes it: names in order.
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, false, err
	}
	all["hosts"] = s.Hosts
	if s.Hosts6 != nil {
		all["hosts6"] = s.Hosts6
	}
	after, err = json.MarshalIndent(all, "", "    ")
	if err == nil {
		_, err = Parse(after)
	}
	return append(after, '\n'), true, err
}
