package known

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/hostinfo"
	"rundock/internal/overlay/roster"
	"rundock/internal/preview"
	"rundock/internal/skydns"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

// Instance is one of a service that is announced: it is up, as its sidecar says.
type Instance struct {
	Name    string `json:"name"`
	Host    string `json:"host" doc:"the host that it is on"`
	Address string `json:"address" doc:"ADDRESS:PORT, or a name"`
	Colour  string `json:"colour,omitempty" doc:"blue or green"`
}

// Service is one of the zone that is announced.
type Service struct {
	Name      string     `json:"name" doc:"SERVICE, or STACK/SERVICE"`
	Instances []Instance `json:"instances" doc:"those that are up; others are not announced"`
}

// Release is one of a stack.
type Release struct {
	Number int       `json:"release"`
	State  string    `json:"state" doc:"planned, rolling, current, past, failed or undone"`
	Since  time.Time `json:"since"`
	Who    string    `json:"who,omitempty"`
	Why    string    `json:"why,omitempty" doc:"why it failed or was undone"`
}

// Slot is an instance of a stack's current release.
type Slot struct {
	Name    string `json:"name" doc:"SERVICE.NUMBER"`
	Host    string `json:"host"`
	Standby string `json:"standby,omitempty" doc:"the host that takes over"`
	Waiting bool   `json:"waiting,omitempty" doc:"its data is on a host that cannot run it now"`
	Up      bool   `json:"up" doc:"it is announced; what announces nothing never is"`
}

// Stack is one, with the releases that are kept, the newest first.
type Stack struct {
	Name     string    `json:"name"`
	Current  int       `json:"current" doc:"number of the current release; 0: none is"`
	Releases []Release `json:"releases"`
	Slots    []Slot    `json:"slots"`
}

// Host is one that the store knows of.
type Host struct {
	Name         string   `json:"name"`
	Address      string   `json:"address,omitempty" doc:"that other hosts reach it by"`
	Alive        bool     `json:"alive" doc:"it holds a lease, or announces something"`
	LoadBalancer bool     `json:"load_balancer,omitempty"`
	Version      string   `json:"version,omitempty" doc:"of rundock"`
	Load         *float64 `json:"load,omitempty" doc:"processes that run or wait, on average of five minutes, within a tenth of cpus; left out where the host does not say"`
	CPUs         int      `json:"cpus,omitempty" doc:"processors"`
	Memory       int      `json:"memory,omitempty" doc:"MiB"`
	Free         int      `json:"free,omitempty" doc:"MiB of it that programs could have, within a tenth of it"`
	Runs         []string `json:"runs" doc:"instances that are announced or placed there"`
	Works        []string `json:"works" doc:"previews that are built or deployed by it"`
}

// Services are those of the zone, by name.
func (b *Book) Services() []Service {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found := map[string][]Instance{}
	for _, key := range slices.Sorted(maps.Keys(b.raw[b.services()])) {
		parts := strings.Split(strings.TrimPrefix(key, b.services()), "/")
		inner := slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(part, "_") })
		r, err := skydns.Parse(b.raw[b.services()][key])
		if err != nil || inner || len(parts) < 2 || len(parts) > 3 {
			continue // a further port, or a stack's name within one of its networks
		}
		service, name := strings.Join(parts[:len(parts)-1], "/"), parts[len(parts)-1]
		found[service] = append(found[service], instance(name, r))
	}
	all := []Service{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, Service{name, found[name]})
	}
	return all
}

func instance(name string, r skydns.Record) Instance {
	i := Instance{Name: name, Host: cmp.Or(r.At, strings.TrimSuffix(strings.TrimSuffix(name, "-blue"), "-green")), Address: r.Host, Colour: r.Colour}
	if a, ok := r.Addr(); ok && r.Port != 0 {
		i.Address = netip.AddrPortFrom(a, uint16(r.Port)).String()
	}
	return i
}

// Stacks are those of the site, by name.
func (b *Book) Stacks() []Stack {
	b.mu.RLock()
	defer b.mu.RUnlock()
	byName := map[string]*Stack{}
	for _, r := range b.releases {
		name := r.Model.Name
		if byName[name] == nil {
			byName[name] = &Stack{Name: name, Current: b.pointers[name], Slots: []Slot{}}
		}
		s, state := byName[name], r.State
		if state == release.Current && r.Number != s.Current {
			state = release.Past
		}
		s.Releases = append(s.Releases, Release{r.Number, string(state), r.Since, r.Who, r.Why})
		if r.Number == s.Current {
			s.Slots = b.slots(r)
		}
	}
	all := []Stack{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s := byName[name]
		slices.SortFunc(s.Releases, func(x, y Release) int { return y.Number - x.Number })
		all = append(all, *s)
	}
	return all
}

func (b *Book) slots(r release.Release) []Slot {
	all := []Slot{}
	for _, at := range slices.SortedFunc(maps.Keys(r.Slots), stack.Slot.Compare) {
		s := r.Slots[at]
		key := b.services() + r.Model.Name + "/" + strings.ReplaceAll(at.String(), ".", "/")
		_, up := b.raw[b.services()][key]
		all = append(all, Slot{at.String(), s.Host, s.Standby, s.Waiting, up})
	}
	return all
}

// Containers are those of the preview name, as of the release that is current, and of the newest, which may have failed.
func (b *Book) Containers(name string) []Slot {
	b.mu.RLock()
	defer b.mu.RUnlock()
	stackName, newest := preview.StackOf(name), 0
	for _, r := range b.releases {
		if r.Model.Name == stackName {
			newest = max(newest, r.Number)
		}
	}
	all := []Slot{}
	for _, r := range b.releases {
		if r.Model.Name == stackName && (r.Number == newest || r.Number == b.pointers[stackName]) {
			all = append(all, b.slots(r)...)
		}
	}
	slices.SortStableFunc(all, func(x, y Slot) int { return strings.Compare(x.Name, y.Name) })
	return slices.CompactFunc(all, func(x, y Slot) bool { return x.Name == y.Name })
}

// Container is the one of these that is called so; ok: there is one.
func (b *Book) Container(name, container string) (s Slot, ok bool) {
	all := b.Containers(name)
	i := slices.IndexFunc(all, func(s Slot) bool { return s.Name == container })
	if i < 0 {
		return s, false
	}
	return all[i], true
}

// Worker is the builder of a host; ok: it is there.
func (b *Book) Worker(host string) (w preview.Worker, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	w, ok = b.workers[host]
	return w, ok
}

// Hosts are those that the store knows of, by name.
func (b *Book) Hosts() []Host {
	services, stacks := b.Services(), b.Stacks()
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := map[string]*Host{}
	at := func(name string) *Host {
		if all[name] == nil {
			all[name] = &Host{Name: name, Runs: []string{}, Works: []string{}}
		}
		return all[name]
	}
	members, holding := b.members()
	for _, m := range members {
		at(m.Host).Address = m.Underlay.String()
	}
	for key := range b.raw[cutover.LoadBalancersPrefix] {
		at(strings.TrimPrefix(key, cutover.LoadBalancersPrefix)).LoadBalancer = true
	}
	for key, value := range b.raw[hostinfo.Prefix] {
		if i, err := hostinfo.Parse(value); err == nil {
			h := at(strings.TrimPrefix(key, hostinfo.Prefix))
			h.Version, h.Load, h.CPUs, h.Memory, h.Free = i.Version, &i.Load, i.CPUs, i.Memory, i.Free
		}
	}
	for _, s := range services {
		for _, i := range s.Instances {
			h := at(i.Host)
			name := s.Name
			if strings.Contains(name, "/") {
				name += "." + i.Name // a slot of a stack
			}
			h.Alive, h.Runs = true, append(h.Runs, name)
		}
	}
	for _, s := range stacks {
		for _, slot := range s.Slots {
			if slot.Host != "" {
				h := at(slot.Host)
				h.Runs = append(h.Runs, s.Name+"/"+slot.Name)
			}
		}
	}
	for name, s := range b.states {
		if s.Serves() && s.Host != "" {
			h := at(s.Host)
			h.Runs = append(h.Runs, "preview "+name)
		}
	}
	for name, c := range b.claims {
		if c.Host != "" {
			h := at(c.Host)
			h.Works = append(h.Works, name)
		}
	}
	for host := range b.alive(members, holding) {
		at(host).Alive = true
	}
	return sorted(all)
}

// alive are the hosts that hold a lease, but for those of announced instances: of the
// host itself, an overlay network's, a builder's or that of a preview it works on.
func (b *Book) alive(members []roster.Member, holding map[string]bool) map[string]bool {
	hosts := map[string]bool{}
	for _, m := range members {
		if holding[m.ID] {
			hosts[m.Host] = true
		}
	}
	for key, value := range b.raw[hostinfo.Prefix] {
		if _, err := hostinfo.Parse(value); err == nil {
			hosts[strings.TrimPrefix(key, hostinfo.Prefix)] = true
		}
	}
	for host := range b.workers {
		hosts[host] = true
	}
	for _, c := range b.claims {
		if c.Host != "" {
			hosts[c.Host] = true
		}
	}
	return hosts
}

func sorted(all map[string]*Host) []Host {
	hosts := []Host{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		h := all[name]
		slices.Sort(h.Runs)
		h.Runs = slices.Compact(h.Runs)
		slices.Sort(h.Works)
		hosts = append(hosts, *h)
	}
	return hosts
}

// members are the hosts of overlay networks; holding are the machines whose agents hold a lease.
func (b *Book) members() (all []roster.Member, holding map[string]bool) {
	holding = map[string]bool{}
	for key, value := range b.raw[roster.AllPrefix] {
		parts := strings.Split(strings.TrimPrefix(key, roster.AllPrefix), "/")
		if len(parts) != 3 {
			continue
		}
		var m roster.Member
		switch {
		case parts[1] == "alive":
			holding[parts[2]] = true
		case parts[1] == "subnets" && json.Unmarshal(value, &m) == nil && m.Host != "":
			all = append(all, m)
		}
	}
	return all, holding
}

// places is where a preview may be.
type places struct {
	subnets map[netip.Prefix]string // of overlay networks, with the host that has each
	alive   map[string]bool         // hosts
}

func (b *Book) places() places {
	members, holding := b.members()
	at := places{map[netip.Prefix]string{}, b.alive(members, holding)}
	for _, m := range members {
		at.subnets[m.Subnet] = m.Host
	}
	return at
}

// hostOf is the host that an instance's ADDRESS:PORT is on; none where it is not known.
func hostOf(address string, subnets map[netip.Prefix]string) []string {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil
	}
	for subnet, host := range subnets {
		if subnet.Contains(a.Addr()) {
			return []string{host}
		}
	}
	return nil
}
