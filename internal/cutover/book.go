package cutover

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/registry"
)

// Book is what the store holds of all services' switches, folded from a watch
// of Prefix and one of LoadBalancersPrefix. It is not safe for concurrent use.
type Book struct {
	states    map[string]stored
	locks     map[string]Lock
	acks      map[string]map[string]Ack // by service and host
	balancers map[string]LoadBalancer   // by host
	faults    map[string]error          // by key: what cannot be read
}

type stored struct {
	State
	raw []byte
}

// NewBook returns an empty book.
func NewBook() *Book {
	return &Book{map[string]stored{}, map[string]Lock{}, map[string]map[string]Ack{}, map[string]LoadBalancer{}, map[string]error{}}
}

// Apply folds in a batch of the watch of prefix. A value that cannot be read is
// one that is not there, and a fault.
func (b *Book) Apply(prefix string, batch registry.Batch) {
	if batch.Complete {
		b.forget(prefix)
	}
	for _, c := range batch.Changes {
		delete(b.faults, c.Key)
		if err := b.take(c); err != nil {
			b.faults[c.Key] = fmt.Errorf("%s: %w", c.Key, err)
		}
	}
}

func (b *Book) forget(prefix string) {
	maps.DeleteFunc(b.faults, func(key string, _ error) bool { return strings.HasPrefix(key, prefix) })
	if prefix == LoadBalancersPrefix {
		clear(b.balancers)
		return
	}
	clear(b.states)
	clear(b.locks)
	clear(b.acks)
}

func (b *Book) take(c registry.Change) (err error) {
	k, service, host := split(c.Key)
	switch k {
	case kindState:
		delete(b.states, service)
		var s State
		if c.Value != nil {
			if s, err = ParseState(c.Value); err == nil {
				b.states[service] = stored{s, c.Value}
			}
		}
	case kindLock:
		err = keep(b.locks, service, c.Value, ParseLock)
	case kindAck:
		if b.acks[service] == nil {
			b.acks[service] = map[string]Ack{}
		}
		err = keep(b.acks[service], host, c.Value, ParseAck)
	case kindLoadBalancer:
		err = keep(b.balancers, host, c.Value, ParseLoadBalancer)
	}
	return err
}

func keep[T any](in map[string]T, name string, value []byte, parse func([]byte) (T, error)) error {
	delete(in, name)
	if value == nil {
		return nil
	}
	v, err := parse(value)
	if err == nil {
		in[name] = v
	}
	return err
}

// View is what is known of a service's switch.
func (b *Book) View(service string) View {
	v := View{Service: service, Acks: maps.Clone(b.acks[service])}
	if s, ok := b.states[service]; ok {
		v.State, v.Raw = &s.State, s.raw
	}
	if l, ok := b.locks[service]; ok {
		v.Lock = &l
	}
	for host, l := range b.balancers {
		if slices.Contains(l.Services, service) {
			v.LoadBalancers = append(v.LoadBalancers, host)
		}
	}
	slices.Sort(v.LoadBalancers)
	return v
}

// Services are those that have a State, sorted.
func (b *Book) Services() []string { return slices.Sorted(maps.Keys(b.states)) }

// Faults say which keys cannot be read, and why, sorted by key.
func (b *Book) Faults() (all []error) {
	for _, key := range slices.Sorted(maps.Keys(b.faults)) {
		all = append(all, b.faults[key])
	}
	return all
}
