package haproxy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Route is where the requests of a service go.
type Route struct {
	Backend string
	Canary  string // where a share of them goes; "": Backend
	Share   int    // that share, of shareOf
}

// Share is a percentage as Route.Share has it.
func Share(percent float64) int { return int(percent*shareOf/100 + 0.5) }

// Entry is one of a map.
type Entry struct{ Key, Value string }

// Map is a map's file and what is to be in it.
type Map struct {
	Path    string
	Entries []Entry
}

// Text is the content of the map's file.
func (m Map) Text() []byte {
	var b strings.Builder
	for _, e := range m.Entries {
		fmt.Fprintf(&b, "%s %s\n", e.Key, e.Value)
	}
	return []byte(b.String())
}

// Maps are the two maps that route each service so.
func Maps(site Site, services map[string]Route) (routes, shares Map) {
	routes.Path, shares.Path = site.routes(), site.shares()
	for _, name := range slices.Sorted(maps.Keys(services)) {
		r := normal(services[name])
		routes.Entries = append(routes.Entries, Entry{name, r.Backend}, Entry{name + canarySuffix, r.Canary})
		shares.Entries = append(shares.Entries, Entry{name, fmt.Sprint(r.Share)})
	}
	return routes, shares
}

// MapCommands lead the maps of a running HAProxy from now to want. A share is
// taken away before, and given after, its backend is set: a request in between
// goes where one of both routes leads. Services that now lacks are left out:
// HAProxy has to read a configuration with them first.
func MapCommands(site Site, now, want map[string]Route) (commands []string) {
	add := func(path, key, value string) {
		commands = append(commands, fmt.Sprintf("set map %s %s %s", path, key, value))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		n, known := now[name]
		w := normal(want[name])
		if n = normal(n); !known || n == w {
			continue
		}
		if w.Share == 0 && n.Share > 0 {
			add(site.shares(), name, "0")
		}
		if w.Canary != n.Canary {
			add(site.routes(), name+canarySuffix, w.Canary)
		}
		if w.Backend != n.Backend {
			add(site.routes(), name, w.Backend)
		}
		if w.Share > 0 && w.Share != n.Share {
			add(site.shares(), name, fmt.Sprint(w.Share))
		}
	}
	return commands
}

// normal is r as the maps have it.
func normal(r Route) Route {
	if r.Canary == "" || r.Share == 0 {
		r.Canary, r.Share = r.Backend, 0
	}
	return r
}

// RoutesOf are the routes that the entries of two maps say. A Canary is there
// without a Share, too.
func RoutesOf(routes, shares []Entry) map[string]Route {
	all := map[string]Route{}
	for _, e := range routes {
		name, canary := strings.CutSuffix(e.Key, canarySuffix)
		r := all[name]
		if canary {
			r.Canary = e.Value
		} else {
			r.Backend = e.Value
		}
		all[name] = r
	}
	for _, e := range shares {
		r := all[e.Key]
		fmt.Sscan(e.Value, &r.Share)
		all[e.Key] = r
	}
	return all
}
