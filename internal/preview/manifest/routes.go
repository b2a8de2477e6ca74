package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/stack"
)

// labelForm is a label that may stand before a preview's name.
var labelForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// routesOf returns where requests of a preview go: what x-rundock says,
//
//	x-rundock: {routes: {"": web:8080, api: api:8080}}
//
// or else the one port of the one service that has ports.
func routesOf(x any, s stack.Stack) (map[string]Route, error) {
	if x == nil {
		return onlyRoute(s)
	}
	given, ok := x.(map[string]any)
	if !ok {
		return nil, Refusals{"x-rundock: want {routes: {\"\": SERVICE:PORT}}"}
	}
	var r Refusals
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if key != "routes" {
			r.add("x-rundock: %s: there is no such key; there is routes", key)
		}
	}
	if given["routes"] == nil && len(r) == 0 {
		return onlyRoute(s)
	}
	lines, ok := given["routes"].(map[string]any)
	if !ok && len(r) == 0 {
		r.add("x-rundock.routes: want {\"\": SERVICE:PORT}, a label for each service that is reached")
	}
	routes := map[string]Route{}
	for _, label := range slices.Sorted(maps.Keys(lines)) {
		route, why := parseRoute(fmt.Sprint(lines[label]), s)
		switch {
		case label != "" && (!labelForm.MatchString(label) || strings.Contains(label, "--")):
			r.add("x-rundock.routes: %q cannot be a label: want a-z, 0-9 and single hyphens between them", label)
		case why != "":
			r.add("x-rundock.routes: %q: %s", label, why)
		}
		routes[label] = route
	}
	if _, ok := routes[""]; !ok && len(r) == 0 {
		r.add("x-rundock.routes: \"\" is missing, which is the preview's name itself; %s", candidates(s))
	}
	if len(r) > 0 {
		return nil, r
	}
	return routes, nil
}

// parseRoute reads SERVICE:PORT.
func parseRoute(text string, s stack.Stack) (Route, string) {
	service, number, _ := strings.Cut(text, ":")
	port, err := strconv.Atoi(number)
	if err != nil || port < 1 || port > 65535 {
		return Route{}, fmt.Sprintf("want SERVICE:PORT, and not %q", text)
	}
	v, ok := s.Services[service]
	switch {
	case !ok:
		return Route{}, fmt.Sprintf("there is no service %s; %s", service, candidates(s))
	case v.Job:
		return Route{}, fmt.Sprintf("service %s runs once, to its end", service)
	case len(v.Networks) == 0:
		return Route{}, fmt.Sprintf("service %s is in no network", service)
	}
	return Route{service, port}, ""
}

// onlyRoute is the port of the one service that has one.
func onlyRoute(s stack.Stack) (map[string]Route, error) {
	var found []Route
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		for _, port := range portsOf(s.Services[name]) {
			found = append(found, Route{name, port})
		}
	}
	if len(found) != 1 || len(s.Services[found[0].Service].Networks) == 0 {
		return nil, Refusals{fmt.Sprintf("which service takes the requests? Say so: x-rundock: {routes: {\"\": SERVICE:PORT}}; %s", candidates(s))}
	}
	return map[string]Route{"": found[0]}, nil
}

// portsOf are the ports for TCP of a service's containers that its files publish, or
// else expose by a number of their own.
func portsOf(v stack.Service) (ports []int) {
	for _, p := range v.Ports {
		if p.Container != 0 && (p.Protocol == "" || p.Protocol == "tcp") {
			ports = append(ports, p.Container)
		}
	}
	if len(ports) == 0 {
		for _, e := range v.Container.Expose {
			number, protocol, _ := strings.Cut(e, "/")
			if n, err := strconv.Atoi(number); err == nil && (protocol == "" || protocol == "tcp") {
				ports = append(ports, n)
			}
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// candidates says what requests could go to.
func candidates(s stack.Stack) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		ports := portsOf(s.Services[name])
		if len(ports) == 0 {
			all = append(all, name+" (no ports)")
		}
		for _, port := range ports {
			all = append(all, fmt.Sprintf("%s:%d", name, port))
		}
	}
	return "there are " + strings.Join(all, ", ")
}
