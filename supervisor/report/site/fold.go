package site

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

// document is what `rundockd services --json` prints. Its field names stay.
type document struct {
	Version  int       `json:"version"`
	Host     string    `json:"host"`
	Zone     string    `json:"zone"`
	Time     time.Time `json:"time"`
	Registry string    `json:"registry,omitempty"` // why the store could not be asked
	Services []service `json:"services"`
}

// service is one that has an instance somewhere, or is to have one here.
type service struct {
	Name      string     `json:"name"`
	Hosts     int        `json:"hosts"`            // that announce an instance
	Active    string     `json:"active,omitempty"` // colour that answers the service's name
	Instances []instance `json:"instances"`
}

type instance struct {
	Name    string            `json:"name"`
	Host    string            `json:"host,omitempty"` // "": the record was written by hand
	Address string            `json:"address"`
	Colour  string            `json:"colour,omitempty"`
	Ports   map[string]string `json:"ports,omitempty"` // addresses of further ones, by their names
	Here    bool              `json:"here,omitempty"`
	State   string            `json:"state"`            // announced, or what its sidecar says instead, of an instance of this host
	Since   time.Time         `json:"since,omitzero"`   // of an instance of this host
	Reason  string            `json:"reason,omitempty"` // why it is not announced
}

// fold makes services of the records of a zone, whose keys begin with prefix, and of what
// the sidecars of this host say.
func fold(records []registry.Listed, prefix, host string, sidecars []control.AnnounceStatus) []service {
	all := folded{found: map[string]map[string]*instance{}, active: map[string]string{}}
	var further []record // of further ports, which are of instances that are known only once all others are read
	for _, l := range records {
		switch r, ok := parse(l, prefix); {
		case ok && r.port != "":
			further = append(further, r)
		case ok:
			all.record(r)
		}
	}
	for _, r := range further {
		all.port(r)
	}
	for _, s := range sidecars {
		all.sidecar(host, s)
	}
	return all.inOrder()
}

// record is one of an instance, or of a further port of it.
type record struct {
	skydns.Record
	service, instance string
	slot              bool   // of a stack
	port              string // _NAME of a further port
}

// parse reads a record by where it is in the zone: SERVICE/INSTANCE, or STACK/SERVICE/NUMBER
// of a slot; of a further port _PROTOCOL/_PORT is before the last part. Others are nobody's.
func parse(l registry.Listed, prefix string) (r record, ok bool) {
	var err error
	if r.Record, err = skydns.Parse(l.Value); err != nil {
		return r, false
	}
	parts := strings.Split(strings.TrimPrefix(l.Key, prefix), "/")
	n := len(parts) - 1
	r.instance = parts[n]
	if n > 2 && strings.HasPrefix(parts[n-1], "_") {
		r.port, n = parts[n-1], n-2
	}
	switch {
	case n == 1:
		r.service = parts[0]
	case n == 2 && (r.port != "" || r.At != ""):
		r.service, r.slot = parts[1]+"."+parts[0], true
	default:
		return r, false
	}
	return r, true
}

// address is that of what r is of.
func (r record) address() string {
	if r.Port == 0 {
		return r.Host
	}
	return net.JoinHostPort(r.Host, strconv.Itoa(r.Port))
}

// folded are instances by service and name, and the colours that answer the services' names.
type folded struct {
	found  map[string]map[string]*instance
	active map[string]string
}

// at is the instance of that name, which is made where there is none.
func (f folded) at(service, name string) *instance {
	if f.found[service] == nil {
		f.found[service] = map[string]*instance{}
	}
	if f.found[service][name] == nil {
		f.found[service][name] = &instance{Name: name, State: string(control.Announced)}
	}
	return f.found[service][name]
}

// record adds the record of an instance.
func (f folded) record(r record) {
	i := f.at(r.service, r.instance)
	i.Address = r.address()
	if r.slot {
		i.Host = r.At
		return
	}
	i.Colour = r.Colour
	if r.ID != "" {
		i.Host = strings.TrimSuffix(r.instance, "-"+r.Colour)
	}
	if r.Colour != "" && !strings.HasPrefix(r.Group, "_") {
		f.active[r.service] = r.Colour
	}
}

// port adds the record of a further port to its instance, if that is known.
func (f folded) port(r record) {
	i := f.found[r.service][r.instance]
	if i == nil {
		return
	}
	if i.Ports == nil {
		i.Ports = map[string]string{}
	}
	i.Ports[r.port[1:]] = r.address()
}

// sidecar adds what a sidecar of this host says.
func (f folded) sidecar(host string, s control.AnnounceStatus) {
	name := host
	switch {
	case s.Stack != "":
		_, name, _ = strings.Cut(s.Slot, ".")
	case s.Colour != "":
		name += "-" + s.Colour
	}
	known := f.found[s.Of()][name]
	switch {
	case s.State == control.Announced && known == nil:
		return // withdrawn since, or the store was not asked
	case s.State != control.Announced && known != nil && known.Host != "" && known.Host != host:
		return // another host has the slot: what this one says is in its status
	}
	i := f.at(s.Of(), name)
	i.Host, i.Colour, i.Here, i.Since = host, s.Colour, true, s.Since
	if s.State != control.Announced {
		i.State, i.Reason = string(s.State), s.Reason
	}
}

// inOrder are the services and their instances, sorted.
func (f folded) inOrder() []service {
	all := []service{}
	for name, instances := range f.found {
		s := service{Name: name, Active: f.active[name]}
		hosts := map[string]bool{}
		for _, i := range instances {
			s.Instances = append(s.Instances, *i)
			if i.Host != "" && i.State == string(control.Announced) {
				hosts[i.Host] = true
			}
		}
		s.Hosts = len(hosts)
		slices.SortFunc(s.Instances, func(a, b instance) int {
			// 9 is before 10.
			return cmp.Or(cmp.Compare(number(a.Name), number(b.Name)), strings.Compare(a.Name, b.Name))
		})
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b service) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// number is that of a slot; 0 for an instance that has a name.
func number(instance string) int {
	n, _ := strconv.Atoi(instance)
	return n
}

// table is the report for people: a line for each instance.
func (d document) table() string {
	rows := [][]string{{"SERVICE", "INSTANCE", "ADDRESS", "COLOUR", "STATE", "FOR", "WHY NOT"}}
	for _, s := range d.Services {
		for _, i := range s.Instances {
			colour, since := report.Cell(i.Colour), "-"
			if i.Colour != "" && i.Colour == s.Active {
				colour += ",active"
			}
			if !i.Since.IsZero() {
				since = report.Age(d.Time, i.Since)
			}
			rows = append(rows, []string{s.Name, i.Name, report.Cell(i.Address), colour, i.State, since, report.OneLine(i.Reason)})
		}
	}
	return report.Table(rows)
}
