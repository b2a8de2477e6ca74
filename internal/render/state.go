package render

import (
	"slices"
	"strings"

	"rundock/internal/registry"
	"rundock/internal/skydns"
)

// Prefix is what a State wants to be told of: all keys. Records are below
// /skydns, and any other key may be asked for by key, ls and tree.
const Prefix = "/"

// State is what a store holds, folded from a watch of Prefix. It may be read
// by many at once while nobody calls Apply.
type State struct {
	zone    string   // of services, such as s.prod.example.com
	keys    []string // sorted
	values  map[string][]byte
	records map[string]skydns.Record // those of keys that are records
}

// NewState returns an empty state whose services are those of zone.
func NewState(zone string) *State {
	return &State{zone: zone, values: map[string][]byte{}, records: map[string]skydns.Record{}}
}

// Apply folds a batch in.
func (s *State) Apply(b registry.Batch) {
	if b.Complete {
		*s = *NewState(s.zone)
	}
	for _, c := range b.Changes {
		at, found := slices.BinarySearch(s.keys, c.Key)
		delete(s.records, c.Key)
		if c.Value == nil {
			if found {
				s.keys = slices.Delete(s.keys, at, at+1)
			}
			delete(s.values, c.Key)
			continue
		}
		if !found {
			s.keys = slices.Insert(s.keys, at, c.Key)
		}
		s.values[c.Key] = c.Value
		if strings.HasPrefix(c.Key, skydns.Prefix+"/") {
			// What is no record is none for dnsd either.
			if r, err := skydns.Parse(c.Value); err == nil {
				s.records[c.Key] = r
			}
		}
	}
}

// below returns the keys that begin with prefix, sorted.
func (s *State) below(prefix string) []string {
	from, _ := slices.BinarySearch(s.keys, prefix)
	to := from
	for to < len(s.keys) && strings.HasPrefix(s.keys[to], prefix) {
		to++
	}
	return s.keys[from:to]
}
