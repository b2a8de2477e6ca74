package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/skydns"
)

// Instance is one instance of a service, with the fields that consul-template
// gives it. Those below Status are rundock's own.
type Instance struct {
	Node        string // the instance: first label of its DNS name, such as node-1 or node-1-blue
	NodeAddress string
	NodeMeta    map[string]string // empty
	Address     string
	Port        int
	ID          string // NODE:SERVICE:PORT, as registrator had it; fit for a server's name in HAProxy
	Name        string // of the service, as asked for
	Tags        []string
	ServiceMeta map[string]string
	Weights     Weights
	Status      string // passing: only healthy instances have a record

	PortName string // of a named port
	Colour   string
	Priority int
	Weight   int
	Group    string
	Owner    string // id of the record
}

// Weights are Consul's.
type Weights struct{ Passing, Warning int }

// ServiceName is an entry of services.
type ServiceName struct {
	Name string
	Tags []string // of all instances, sorted
}

// Node is a host, or rather the name of an instance, with its address.
type Node struct {
	Node, Address   string
	ID              string // empty
	Meta            map[string]string
	TaggedAddresses map[string]string
}

// query is what service is asked for: [TAG.]NAME[@ZONE][|FILTER].
type query struct{ tag, name, zone string }

func (s *State) parse(text string, filters []string) (query, error) {
	q := query{zone: s.zone}
	name, filter, filtered := strings.Cut(text, "|")
	if filtered {
		filters = append(filters, filter)
	}
	for _, f := range strings.Split(strings.Join(filters, ","), ",") {
		switch f = strings.TrimSpace(f); f {
		case "", "passing", "any":
		case "warning", "critical", "maintenance":
			if !slices.Contains(filters, "any") && !slices.ContainsFunc(filters, func(s string) bool { return strings.Contains(s, "passing") }) {
				return q, fmt.Errorf("service %s: filter %s: only healthy instances have a record", text, f)
			}
		default:
			return q, fmt.Errorf("service %s: filter %q: want passing or any", text, f)
		}
	}
	if _, near, ok := strings.Cut(name, "~"); ok {
		return q, fmt.Errorf("service %s: ~%s: instances have no distance", text, near)
	}
	if n, zone, ok := strings.Cut(name, "@"); ok {
		if !strings.Contains(zone, ".") {
			return q, fmt.Errorf("service %s: @%s: want a zone, such as @%s", text, zone, s.zone)
		}
		name, q.zone = n, zone
	}
	q.name = name
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		q.tag, q.name = name[:i], name[i+1:]
	}
	if q.name == "" {
		return q, fmt.Errorf("service %q: want the name of a service", text)
	}
	return q, nil
}

func (v *view) service(text string, filters ...string) ([]Instance, error) {
	q, err := v.state.parse(text, filters)
	if err != nil {
		return nil, err
	}
	all := v.state.instances(q.zone, q.name)
	asked, _, _ := strings.Cut(text, "|")
	v.used.Services[strings.TrimPrefix(asked, q.tag+".")] = len(all)
	if q.tag != "" {
		all = slices.DeleteFunc(all, func(i Instance) bool { return !slices.Contains(i.Tags, q.tag) })
		v.used.Services[asked] = len(all)
	}
	return all, nil
}

// instances are those of a service, or of the service's port that name ends
// with: apache-80 and apache-admin are ports of apache unless there is a
// service of that name.
func (s *State) instances(zone, name string) []Instance {
	found, exists := s.ofService(zone, name)
	if exists {
		return slices.DeleteFunc(found, func(i Instance) bool { return i.PortName != "" })
	}
	for at := len(name) - 1; at > 0; at-- {
		if name[at] != '-' {
			continue
		}
		port := name[at+1:]
		found, exists := s.ofService(zone, name[:at])
		if !exists {
			continue
		}
		found = slices.DeleteFunc(found, func(i Instance) bool { return i.PortName != port && strconv.Itoa(i.Port) != port })
		for i := range found {
			found[i].Name = name
		}
		return found
	}
	return nil
}

// ofService are the instances of all ports of a service, sorted by key; exists
// says that it has a record.
func (s *State) ofService(zone, name string) (all []Instance, exists bool) {
	key := skydns.Key(skydns.Prefix, name+"."+zone)
	for _, k := range append([]string{key}, s.below(key+"/")...) {
		if i, ok := s.instance(k, key, name); ok {
			all = append(all, i)
		}
	}
	return all, len(all) > 0
}

// instance is the record at key k of the service whose key is service.
func (s *State) instance(k, service, name string) (Instance, bool) {
	r, ok := s.records[k]
	if !ok || r.Host == "" {
		return Instance{}, false
	}
	i := Instance{
		Node: name, NodeAddress: r.Host, NodeMeta: map[string]string{}, Address: r.Host, Port: r.Port, Name: name,
		Tags: tags(r), ServiceMeta: r.Meta, Status: "passing",
		Colour: r.Colour, Priority: cmp.Or(r.Priority, 10), Weight: cmp.Or(r.Weight, 100), Group: r.Group, Owner: r.ID,
	}
	i.Weights = Weights{i.Weight, 1}
	if i.ServiceMeta == nil {
		i.ServiceMeta = map[string]string{}
	}
	switch parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(k, service), "/"), "/"); {
	case len(parts) == 1 && !strings.HasPrefix(parts[0], "_"):
		i.Node = cmp.Or(parts[0], name)
	case len(parts) == 3 && (parts[0] == "_tcp" || parts[0] == "_udp") && strings.HasPrefix(parts[1], "_"):
		i.PortName, i.Node = parts[1][1:], parts[2]
	default:
		return Instance{}, false
	}
	i.ID = fmt.Sprintf("%s:%s:%d", i.Node, name, i.Port)
	return i, true
}

// tags are the record's own, and those of SERVICE_TAGS in its meta or its text,
// as registrator has them: with commas between.
func tags(r skydns.Record) []string {
	all := slices.Clone(r.Tags)
	more := r.Meta["SERVICE_TAGS"]
	for _, field := range strings.Fields(r.Text) {
		if list, ok := strings.CutPrefix(field, "SERVICE_TAGS="); ok {
			more += "," + list
		}
	}
	for _, tag := range strings.Split(more, ",") {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	return all
}

// services are all names that service gives instances for, sorted.
func (v *view) services(zones ...string) []ServiceName {
	names := map[string][]string{}
	for _, i := range v.every(zones) {
		name := i.Name
		if i.PortName != "" {
			name += "-" + i.PortName
		}
		names[name] = append(names[name], i.Tags...)
	}
	var all []ServiceName
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, ServiceName{name, slices.Compact(slices.Sorted(slices.Values(names[name])))})
	}
	return all
}

// nodes are the names of all instances, sorted, each with its first address.
func (v *view) nodes(zones ...string) []Node {
	first := map[string]string{}
	for _, i := range v.every(zones) {
		if at, ok := first[i.Node]; !ok || i.Address < at {
			first[i.Node] = i.Address
		}
	}
	var all []Node
	for _, name := range slices.Sorted(maps.Keys(first)) {
		all = append(all, Node{Node: name, Address: first[name], Meta: map[string]string{}, TaggedAddresses: map[string]string{}})
	}
	return all
}

// every is all instances of the zone, which may be given with an @.
func (v *view) every(zones []string) (all []Instance) {
	zone := v.state.zone
	if len(zones) > 0 {
		zone = strings.TrimPrefix(zones[0], "@")
	}
	top := skydns.Key(skydns.Prefix, zone) + "/"
	for _, k := range v.state.below(top) {
		name, _, _ := strings.Cut(strings.TrimPrefix(k, top), "/")
		if i, ok := v.state.instance(k, top+name, name); ok {
			all = append(all, i)
		}
	}
	return all
}
