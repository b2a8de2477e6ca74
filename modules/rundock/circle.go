package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/spec"
	"rundock/supervisor"
)

// circle returns the services of a way from name back to it, name first and
// last; nil where there is none. joins are the services whose namespaces or
// volumes a service's container lives in.
func circle(name string, joins func(string) []string) []string {
	seen := map[string]bool{}
	var search func(way []string) []string
	search = func(way []string) []string {
		for _, next := range joins(way[len(way)-1]) {
			switch {
			case next == name:
				return append(way, next)
			case seen[next]:
				continue
			}
			seen[next] = true
			if found := search(append(slices.Clone(way), next)); found != nil {
				return found
			}
		}
		return nil
	}
	return search([]string{name})
}

// checkCircle refuses a container that shares with another service what leads
// back to itself: each would wait for the next one, and none would ever start.
// beside are the containers that other services of the call get; what is known
// of the rest is what is installed.
func (t *task) checkCircle(w wanted, beside map[string]spec.Container) error {
	found := circle(t.p.Name, func(name string) []string {
		c, ok := beside[name]
		if name == t.p.Name {
			c, ok = w.service.Container, true
		}
		if !ok {
			if runner, _ := supervisor.Installed(t.unit.Folders.Dir(supervisor.Prefix + name)); runner != "" {
				old, _ := supervisor.ReadService(filepath.Join(runner, "service.json")) // what cannot be read starts nothing
				c = old.Container
			}
		}
		var names []string
		for _, share := range c.Shares() {
			names = append(names, share.With)
		}
		return names
	})
	if found == nil {
		return nil
	}
	return fmt.Errorf("the containers of %s would share namespaces or volumes in a circle, so that none could start before the others: have one of them share nothing", strings.Join(found, ", "))
}
