package announce

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rundock/internal/announce/defaults"
	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/skydns"
)

// Port is one announced port of the service.
type Port struct {
	Name          string     // "": the service's own; others have one and are found as _<Name>._tcp.<service>
	Address       netip.Addr // announced; invalid: the container's own
	Network       string     // whose address of the container; "" means its first, by name
	Port          int        // others connect to; 0: an address alone is announced, of an instance that is well by its HEALTHCHECK, or else runs
	ContainerPort int        // the container listens on; 0 means Port
	Protocol      string     // tcp or udp; "" means tcp
	Priority      int        // 0 means 10
	Weight        int        // 0 means 100
	Tags          []string
	Meta          map[string]string
	Lease         time.Duration // 0 means 15 s, minimum 5 s
	Check         Check
}

// Identity is who announces, and where.
type Identity struct {
	Prefix  string // of all keys, "/skydns"
	Zone    string // "s.prod.example.com"
	Service string
	Host    string
	Colour  string   // blue or green; "": the service has none
	Stack   string   // that Service is of; "": of none
	Number  int      // of the instance in Stack, from 1; without Stack 0
	Aliases []string // further names of Service in Stack: sql, or sql@shop_back for the container's address in that network; web._front@shop_front has its own record
	ID      string   // machine-id/service, and /colour: the same id takes a key over at once
}

// withDefaults fills the zeros, or says what is wrong.
func (p Port) withDefaults() (Port, error) {
	what := fmt.Sprintf("port %d", p.Port)
	switch {
	case p.Name != "":
		what = "port " + p.Name
	case p.Port == 0:
		what = "address"
	}
	var err error
	switch {
	case p.Port < 0 || p.Port > 65535:
		return p, fmt.Errorf("%s: want 1 to 65535, or 0 for an address alone", what)
	case p.Port == 0 && (p.Name != "" || p.ContainerPort != 0 || p.Protocol != ""):
		return p, fmt.Errorf("%s: an address alone has no name, container port and protocol", what)
	case p.Port == 0 && p.Check.Port == 0 && (p.Check.Type == CheckTCP || p.Check.Type == CheckHTTP):
		return p, fmt.Errorf("%s: check %s: an address alone is checked at a port of the check's own", what, p.Check.Type)
	case p.ContainerPort < 0 || p.ContainerPort > 65535:
		return p, fmt.Errorf("%s: container port %d: want 1 to 65535", what, p.ContainerPort)
	case p.Protocol != "" && p.Protocol != "tcp" && p.Protocol != "udp":
		return p, fmt.Errorf("%s: protocol %q: want tcp or udp", what, p.Protocol)
	case strings.ContainsAny(p.Name, "./"):
		return p, fmt.Errorf("%s: a name with a dot or a slash", what)
	case p.Priority < 0 || p.Priority > 65535 || p.Weight < 0 || p.Weight > 65535:
		return p, fmt.Errorf("%s: priority %d, weight %d: want 1 to 65535", what, p.Priority, p.Weight)
	}
	p.ContainerPort = cmp.Or(p.ContainerPort, p.Port)
	p.Protocol = cmp.Or(p.Protocol, defaults.Protocol)
	p.Priority = cmp.Or(p.Priority, defaults.Priority)
	p.Weight = cmp.Or(p.Weight, defaults.Weight)
	p.Lease = cmp.Or(p.Lease, defaults.Lease)
	if p.Check, err = p.Check.withDefaults(); err != nil {
		return p, fmt.Errorf("%s: %w", what, err)
	}
	return p, nil
}

// record returns what is announced for p of the container i while active is the
// service's active colour: the item to hold, and the same for the status file.
func (id Identity) record(p Port, i Instance, active string) (registry.Item, control.Record, error) {
	r := skydns.Record{
		Port: p.Port, Priority: p.Priority, Weight: p.Weight,
		// A third of the lease, never more: no answer outlives it by much.
		TTL:   uint32(p.Lease / 3 / time.Second),
		Group: "main", Tags: p.Tags, Meta: p.Meta, Colour: id.Colour, ID: id.ID,
	}
	if id.Stack != "" {
		r.At = id.Host
	}
	if p.Name != "" {
		r.Group = "_" + p.Name
	}
	if id.Colour != active {
		r.Group = "_" + id.Colour // which keeps it out of the service's names
	}
	address := p.Address
	if !address.IsValid() {
		var ok bool
		if address, ok = containerAddress(i, p.Network); !ok {
			return registry.Item{}, control.Record{}, fmt.Errorf("the container has no address %s", onNetwork(p.Network))
		}
		if network := networkName(i, p.Network); i.CutOff[network] != "" {
			return registry.Item{}, control.Record{}, fmt.Errorf("network %s: %s", network, i.CutOff[network])
		}
		r.Port = p.ContainerPort // 0 where that of the host is
	}
	r.Host = address.String()
	value, err := json.Marshal(r)
	if err != nil {
		return registry.Item{}, control.Record{}, err
	}
	name, key := id.name(p), id.key(p)
	return registry.Item{Key: key, Value: value, ID: id.ID}, control.Record{Key: key, Name: strings.ToLower(name), Host: r.Host, Port: r.Port}, nil
}

// held are what is held for p: its record, and those of the service's aliases. One of a
// network in which the container cannot be reached now is left out.
func (id Identity) held(p Port, i Instance, active string) (items []registry.Item, records []control.Record, err error) {
	item, record, err := id.record(p, i, active)
	if err != nil {
		return nil, nil, err
	}
	items, records = append(items, item), append(records, record)
	for _, a := range id.aliases(p) {
		other, at := item, record
		if a.network != "" {
			q := p
			q.Address, q.Network = netip.Addr{}, a.network
			if other, at, err = id.record(q, i, active); err != nil {
				continue
			}
		}
		other.Key = skydns.Key(id.Prefix, a.name)
		at.Key, at.Name = other.Key, a.name
		items, records = append(items, other), append(records, at)
	}
	return items, records, nil
}

// sameKeys reports whether a puts records where b does.
func sameKeys(a, b []registry.Item) bool {
	return slices.EqualFunc(a, b, func(x, y registry.Item) bool { return x.Key == y.Key })
}

// sameItems reports whether the store would have the same by both.
func sameItems(a, b []registry.Item) bool {
	return slices.EqualFunc(a, b, func(x, y registry.Item) bool { return x.Key == y.Key && bytes.Equal(x.Value, y.Value) })
}

// keys are where the record is kept: its own, and those of the aliases.
func (id Identity) keys(p Port) []string {
	all := []string{id.key(p)}
	for _, a := range id.aliases(p) {
		all = append(all, skydns.Key(id.Prefix, a.name))
	}
	return all
}

// alias is a further name of the service's record.
type alias struct {
	name    string // in DNS: web-1.cache.shop.s.prod.example.com
	network string // whose address of the container it leads to; "": it is as the service's own
}

// aliases are those of p. There records are called by service and number, as an alias may
// be of several services; under the service's own name in a network, 1.web._front, by number.
// A further port has none.
func (id Identity) aliases(p Port) (all []alias) {
	if p.Name != "" {
		return nil
	}
	for _, text := range id.Aliases {
		name, network, _ := strings.Cut(text, "@")
		instance := fmt.Sprintf("%s-%d", id.Service, id.Number)
		if own, _, within := strings.Cut(name, "._"); within && strings.EqualFold(own, id.Service) {
			instance = strconv.Itoa(id.Number)
		}
		all = append(all, alias{strings.ToLower(instance + "." + name + "." + id.Stack + "." + id.Zone), network})
	}
	return all
}

// name is the DNS name of p's record.
func (id Identity) name(p Port) string {
	service := id.Service
	if id.Stack != "" {
		service += "." + id.Stack
	}
	if p.Name == "" {
		return id.instance() + "." + service + "." + id.Zone
	}
	return id.instance() + "._" + p.Name + "._" + p.Protocol + "." + service + "." + id.Zone
}

// instance is the label of the service's container: its number in a stack, or
// else the host's name, with the colour.
func (id Identity) instance() string {
	switch {
	case id.Stack != "":
		return strconv.Itoa(id.Number)
	case id.Colour == "":
		return id.Host
	}
	return id.Host + "-" + id.Colour
}

// slot is which instance of the stack it is: web.1; "" without one.
func (id Identity) slot() string {
	if id.Stack == "" {
		return ""
	}
	return id.Service + "." + strconv.Itoa(id.Number)
}

// key is where the record is kept.
func (id Identity) key(p Port) string { return skydns.Key(id.Prefix, id.name(p)) }

// target is where p's checks go: the container's own address and port, which
// tell about this container alone; the announced ones where it has none of
// its own (host network, another's network, no container).
func (p Port) target(i Instance) (netip.AddrPort, error) {
	if address, ok := containerAddress(i, p.Network); ok && !i.HostNetwork {
		return netip.AddrPortFrom(address, uint16(cmp.Or(p.Check.Port, p.ContainerPort))), nil
	}
	if !p.Address.IsValid() {
		return netip.AddrPort{}, fmt.Errorf("the container has no address %s", onNetwork(p.Network))
	}
	return netip.AddrPortFrom(p.Address, uint16(cmp.Or(p.Check.Port, p.Port))), nil
}

// containerAddress returns the container's address on network, or on its first.
func containerAddress(i Instance, network string) (netip.Addr, bool) {
	address, ok := i.Addresses[networkName(i, network)]
	return address, ok && address.IsValid()
}

// networkName is network, or else the container's first.
func networkName(i Instance, network string) string {
	if network == "" && len(i.Addresses) > 0 {
		return slices.Min(slices.Collect(maps.Keys(i.Addresses)))
	}
	return network
}

func onNetwork(network string) string {
	if network == "" {
		return "of its own"
	}
	return "on network " + network
}
