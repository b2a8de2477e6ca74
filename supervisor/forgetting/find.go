package forgetting

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rundock/internal/cutover"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
	"rundock/internal/skydns"
	"rundock/supervisor/draining"
)

// prefixes begin all keys that are of one host.
var prefixes = []string{skydns.Prefix + "/", roster.AllPrefix, cutover.Prefix, cutover.LoadBalancersPrefix, draining.TurnKey}

// A remnant is a key that is one host's.
type remnant struct {
	registry.Listed
	host, machine string // whose it is; machine "": the key does not tell
	what          string // for people
	network       string // of a subnet, which is given back by the network's own rules
}

// remnantsOf returns the keys of the host of this name, or machine id, and the
// names of all hosts that have any, sorted.
func remnantsOf(host string, keys []registry.Listed) (found []remnant, known []string) {
	for _, k := range keys {
		r, ok := remnantOf(k)
		if !ok {
			continue
		}
		if r.host != "" {
			known = append(known, r.host)
		}
		if r.host == host || r.machine != "" && r.machine == host {
			found = append(found, r)
		}
	}
	slices.Sort(known)
	return found, slices.Compact(known)
}

// remnantOf says whose a key is; ok is false for one that is no host's.
func remnantOf(k registry.Listed) (r remnant, ok bool) {
	r.Listed = k
	var value struct {
		ID     string `json:"id"`
		Host   string `json:"host"`
		Colour string `json:"colour"`
		Subnet string `json:"subnet"`
	}
	json.Unmarshal(k.Value, &value) // what is no JSON has no fields, and is no host's
	parts := strings.Split(k.Key, "/")
	last := parts[len(parts)-1]
	r.machine, _, _ = strings.Cut(value.ID, "/")
	switch {
	case strings.HasPrefix(k.Key, skydns.Prefix+"/"):
		// Without an id it was written by hand, and is not the host's.
		name, err := skydns.Name(skydns.Prefix, k.Key)
		r.host, r.what = strings.TrimSuffix(last, "-"+value.Colour), "record "+strings.TrimSuffix(name, ".")
		return r, err == nil && r.machine != ""
	case strings.HasPrefix(k.Key, cutover.LoadBalancersPrefix):
		r.host, r.what = last, "place among the load balancers"
		return r, true
	case strings.HasPrefix(k.Key, cutover.Prefix) && len(parts) == 7 && parts[5] == "acks":
		r.host, r.what = last, "word of its load balancer on "+parts[4]
		return r, true
	case strings.HasPrefix(k.Key, cutover.Prefix) && len(parts) == 6 && parts[5] == "lock":
		r.host, r.machine, r.what = value.Host, "", "lock of the switch of "+parts[4]
		return r, value.Host != ""
	case strings.HasPrefix(k.Key, roster.AllPrefix) && len(parts) == 7 && parts[5] == "subnets":
		r.host, r.what, r.network = value.Host, fmt.Sprintf("subnet %s of network %s", value.Subnet, parts[4]), parts[4]
		return r, value.Host != ""
	case strings.HasPrefix(k.Key, roster.AllPrefix) && len(parts) == 7 && parts[5] == "alive":
		r.host, r.what = value.Host, "sign of life in network "+parts[4]
		return r, value.Host != ""
	case k.Key == draining.TurnKey:
		r.host, r.machine, _ = strings.Cut(value.ID, "/")
		r.what = "turn to be drained"
		return r, r.host != ""
	}
	return r, false
}

// held are those that are under a lease: the host lives, or has died a moment ago.
func held(all []remnant) (leased []remnant) {
	for _, r := range all {
		if r.Lease != "" {
			leased = append(leased, r)
		}
	}
	return leased
}

// words are a few of all, for people.
func words(all []remnant) string {
	const few = 3
	var list []string
	for _, r := range all[:min(few, len(all))] {
		list = append(list, r.what)
	}
	if more := len(all) - few; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}
