package roster

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"rundock/internal/registry"
)

// Entry is a subnet that is taken, as the store has it, whatever the
// network's configuration is.
type Entry struct {
	Subnet string // as its key has it
	ID     string // the others are "" and zero of a value that makes no sense
	Host   string
	Seen   time.Time
	Alive  bool

	key   string
	value []byte
}

// SubnetOf is the subnet that the last part of a key names, whatever it is: of
// 10.42.2.0-24, 10.42.2.0/24.
func SubnetOf(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	return name[:i] + "/" + name[i+1:]
}

// entriesOf picks those of a network out of all its keys, sorted by host.
func entriesOf(network string, list []registry.Change) []Entry {
	var all []Entry
	alive := map[string]bool{}
	for _, c := range list {
		kind, name, _ := strings.Cut(strings.TrimPrefix(c.Key, Prefix(network)), "/")
		switch kind {
		case "alive":
			alive[name] = true
		case "subnets":
			var m Member
			if json.Unmarshal(c.Value, &m) != nil {
				m = Member{}
			}
			all = append(all, Entry{Subnet: SubnetOf(name), ID: m.ID, Host: m.Host, Seen: m.Seen, key: c.Key, value: c.Value})
		}
	}
	for i := range all {
		all[i].Alive = alive[all[i].ID]
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Subnet, b.Subnet)) })
	return all
}
