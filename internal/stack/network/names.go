package network

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/stack"
)

// Domain is where the names of a stack are: shop.s.prod.example.com. Containers that do not
// ask from one of the stack's own networks have it as their search domain.
func Domain(stackName, zone string) string { return stackName + "." + zone }

// Domains are where names are looked for that containers in a network of a stack ask for
// without a domain: those that have an address in this network, then all of the stack.
func Domains(stackName, key, zone string) []string {
	domain := Domain(stackName, zone)
	return []string{networkLabel(key) + "." + domain, domain}
}

// networkLabel is the label of a network's own names. It begins with an underscore, so that
// what is below it is no part of the stack's name (SkyDNS's answer to that is all below).
func networkLabel(key string) string {
	const longest = 63 - len("_-") - 8
	label := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '-':
			return r
		}
		return '-'
	}, strings.ToLower(key))
	if label == key && len(key) <= longest {
		return "_" + key
	}
	sum := sha256.Sum256([]byte(key))
	return "_" + label[:min(len(label), longest)] + "-" + hex.EncodeToString(sum[:4])
}

// Record is a record of a slot, at Instance.Name in the stack's Domain. It leads to the
// slot's address in a network.
type Record struct {
	Name     string // web; sql, an alias; web._front, for those who ask from that network
	Instance string // 1; db-1 of an alias, which several services may have
	Network  string // key of Model.Networks; "": an address of its host, with whose network it is
}

// Records are all of a slot, its own name first: for its service and each alias. One in
// several networks has them for each of these besides, as who is in one of them reaches it
// there; and for a network that it is not in, where those who ask from there are in another
// one with it. What is in no network of its own has none but its host's address, with
// network_mode: host, or those of the pod's owner, by its own name.
func Records(model stack.Stack, slot stack.Slot) []Record {
	service := model.Services[slot.Service]
	name, number := strings.ToLower(slot.Service), strconv.Itoa(slot.Number)
	keys := in(model, slot.Service)
	if owner := service.Pod.Network; owner != "" {
		service.Container.Network = model.Services[owner].Container.Network
	}
	if len(keys) == 0 {
		if service.Container.Network != "host" {
			return nil
		}
		return []Record{{Name: name, Instance: number}}
	}
	all := []Record{{Name: name, Instance: number, Network: Announced(model, slot.Service)}}
	add := func(r Record) {
		known := func(o Record) bool { return o.Name == r.Name }
		if !slices.ContainsFunc(all, known) {
			all = append(all, r)
		}
	}
	for _, key := range keys {
		for _, alias := range service.Networks[key].Aliases {
			add(Record{Name: strings.ToLower(alias), Instance: name + "-" + number, Network: key})
		}
	}
	if len(keys) == 1 {
		return all
	}
	within := func(asked, at string) {
		label := "." + networkLabel(asked)
		add(Record{Name: name + label, Instance: number, Network: at})
		for _, alias := range service.Networks[at].Aliases {
			add(Record{Name: strings.ToLower(alias) + label, Instance: name + "-" + number, Network: at})
		}
	}
	for _, key := range keys {
		within(key, key)
	}
	for _, asked := range slices.Sorted(maps.Keys(model.Networks)) {
		if slices.Contains(keys, asked) || model.Networks[asked].External {
			continue
		}
		if at := shared(model, slot.Service, asked); at != "" && at != all[0].Network {
			within(asked, at)
		}
	}
	return all
}

// shared is the network that a service is in with those that ask from another one, which has
// their way out; of several the one with most of those that depend on the service, then with
// most; "": there is none.
func shared(model stack.Stack, service, asked string) string {
	return busiest(model, service, func(other string) bool { return in(model, other)[0] == asked })
}

// in are the keys of the networks that a service is in, by itself or with its pod's owner,
// the way out first.
func in(model stack.Stack, service string) []string {
	if owner := model.Services[service].Pod.Network; owner != "" {
		service = owner
	}
	return Order(model, service)
}

// Announced is the key of the network whose address a service's own name leads to; "": it
// is in none. Of several it is that in which most of those are that depend on the service,
// as they are who asks for it; then that with most others; then the first by Order.
func Announced(model stack.Stack, service string) string {
	best := busiest(model, service, func(string) bool { return true })
	if keys := in(model, service); best == "" && len(keys) > 0 {
		return keys[0]
	}
	return best
}

// busiest is the network of a service in which most of those others are that depend on it;
// then the one with most others; then the first by Order; "": none has any.
func busiest(model stack.Stack, service string, counts func(other string) bool) (best string) {
	var most [2]int
	for _, key := range in(model, service) {
		var count [2]int
		for _, other := range slices.Sorted(maps.Keys(model.Services)) {
			if other == service || !slices.Contains(in(model, other), key) || !counts(other) {
				continue
			}
			count[1]++
			if _, depends := model.Services[other].DependsOn[service]; depends {
				count[0]++
			}
		}
		if slices.Compare(count[:], most[:]) > 0 {
			best, most = key, count
		}
	}
	return best
}

// Order are the keys of the networks that a service is in, the one with its way out
// first: as Docker has it, that of the highest gw_priority. Of those that are equal, one
// with a way out is before an internal one, and the stack's own, from which its
// containers' questions for names are to come, before an external one.
func Order(model stack.Stack, service string) []string {
	in := model.Services[service].Networks
	rank := func(key string) int {
		switch n := model.Networks[key]; {
		case n.Internal:
			return 2
		case n.External:
			return 1
		}
		return 0
	}
	return slices.SortedFunc(maps.Keys(in), func(a, b string) int {
		return cmp.Or(cmp.Compare(in[b].Priority, in[a].Priority), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}
