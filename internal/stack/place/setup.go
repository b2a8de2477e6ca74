package place

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
)

// newBoard is the board before anything is placed.
func newBoard(s stack.Stack, hosts []Host, previous map[stack.Slot]stack.Place, o Options) (*board, error) {
	b := &board{stack: s, strategy: cmp.Or(o.Strategy, Spread), byName: map[string]int{}, singles: map[int]bool{}}
	if !slices.Contains([]Strategy{Spread, Binpack, Random}, b.strategy) {
		return nil, fmt.Errorf("strategy %q: want spread, binpack or random", o.Strategy)
	}
	for i := range hosts {
		b.hosts = append(b.hosts, newHostState(&hosts[i]))
	}
	slices.SortFunc(b.hosts, func(x, y *hostState) int { return cmp.Compare(x.Name, y.Name) })
	for i, h := range b.hosts {
		if _, twice := b.byName[h.Name]; twice || h.Name == "" {
			return nil, fmt.Errorf("host %q: want one of each name", h.Name)
		}
		if !slices.Contains([]State{Ready, Paused, Drained, Unreachable}, h.State) {
			return nil, fmt.Errorf("host %s: state %q: want paused, drained, unreachable or none", h.Name, h.State)
		}
		b.byName[h.Name] = i
	}
	if err := b.loseHosts(o.Lost, previous); err != nil {
		return nil, err
	}
	b.rememberPorts(previous)
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		def := s.Services[name]
		if err := b.addService(name, &def); err != nil {
			return nil, fmt.Errorf("service %s: %w", name, err)
		}
	}
	for _, h := range b.hosts {
		h.own = make([]int, len(b.services))
		counters := make([]int, 3*len(b.rules))
		h.matched, h.repelled, h.attracted = counters[:len(b.rules)], counters[len(b.rules):2*len(b.rules)], counters[2*len(b.rules):]
	}
	return b, b.addUnits(previous)
}

func newHostState(h *Host) *hostState {
	state := &hostState{Host: h, state: h.State, hash: hash(h.Name), cpu: h.Used.CPU, memory: h.Used.Memory, ports: map[int][]taker{}, had: map[int][]stack.Slot{}, containers: len(h.Used.Containers)}
	for _, p := range h.Used.Ports {
		first, last := p.Range()
		for number := first; number <= last; number++ {
			state.ports[number] = append(state.ports[number], taker{h.resolved(p), nil})
		}
	}
	return state
}

// loseHosts marks the hosts that are lost. One may be known by what was there alone.
func (b *board) loseHosts(names []string, previous map[stack.Slot]stack.Place) error {
	for _, name := range slices.Sorted(slices.Values(names)) {
		if at, ok := b.byName[name]; ok {
			b.hosts[at].state = lost
			continue
		}
		had := false
		for _, p := range previous {
			had = had || p.Host == name || p.Standby == name
		}
		if !had {
			return fmt.Errorf("lost host %s: there is no such host, and nothing of %s was there", name, b.stack.Name)
		}
		b.byName[name] = len(b.hosts)
		h := newHostState(&Host{Name: name})
		h.state = lost
		b.hosts = append(b.hosts, h)
	}
	return nil
}

func (b *board) addService(name string, def *stack.Service) error {
	s := &service{Service: def, name: name, need: def.Resources.Need(), softMissed: make([]int, len(b.hosts))}
	for _, r := range def.Constraints {
		m, err := newMatcher(r)
		if err != nil {
			return err
		}
		s.constraints = append(s.constraints, &m)
		for i, h := range b.hosts {
			if m.Soft && !m.heldBy(h.Host) {
				s.softMissed[i]++
			}
		}
	}
	for _, r := range def.Affinities {
		at, err := b.addRule(r)
		if err != nil {
			return err
		}
		s.affinities = append(s.affinities, at)
	}
	for _, key := range def.Preferences {
		s.spreadBy = append(s.spreadBy, b.addPreference(s.spreadBy, key))
	}
	for _, key := range def.Volumes {
		switch v := b.stack.Volumes[key]; {
		case v.Shared:
		case v.External:
			s.externals = append(s.externals, v.Name)
			fallthrough
		default:
			s.volumes = append(s.volumes, v.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(def.Networks)) {
		if n := b.stack.Networks[key]; n.External {
			s.networks = append(s.networks, n.Name)
		}
	}
	for _, p := range def.Ports {
		s.ports = append(s.ports, b.newPort(p))
		if !p.Ranged() {
			b.singles[p.First] = true
		}
	}
	if _, after, ok := strings.Cut(def.Container.Platform, "/"); ok {
		s.architecture, _, _ = strings.Cut(after, "/")
	}
	if def.MaxPerHost > 0 {
		s.mostWords = fmt.Sprintf("max_replicas_per_node %d", def.MaxPerHost)
	}
	if def.Global && def.Replicas > 0 {
		return errors.New("it is global and has a number of instances")
	}
	b.services = append(b.services, s)
	return nil
}

// addRule adds an affinity, once if several services have it.
func (b *board) addRule(r stack.Rule) (int, error) {
	if at := slices.IndexFunc(b.rules, func(other *rule) bool { return other.Rule == r }); at >= 0 {
		return at, nil
	}
	m, err := newMatcher(r)
	if err != nil {
		return 0, err
	}
	added := &rule{matcher: &m, what: "affinity " + r.String(), foreign: make([]bool, len(b.hosts))}
	for i, h := range b.hosts {
		if m.among(h.Host) {
			added.foreign[i] = true
			added.outside++
		}
	}
	b.rules = append(b.rules, added)
	return len(b.rules) - 1, nil
}

// addPreference adds one within those before it: racks are told apart by their
// data centre.
func (b *board) addPreference(before []preference, key string) preference {
	values := map[string]int{}
	p := preference{counts: len(b.counts), value: make([]int, len(b.hosts))}
	for i, h := range b.hosts {
		value := strings.Join(hostValues(key, h.Host), ",")
		if len(before) > 0 {
			value = fmt.Sprint(before[len(before)-1].value[i], " ", value)
		}
		if _, ok := values[value]; !ok {
			values[value] = len(values)
		}
		p.value[i] = values[value]
	}
	b.counts = append(b.counts, make([]int, len(values)))
	return p
}
