package main

import (
	"os"
	"strings"

	"rundock/internal/nearest"
	"rundock/supervisor"
)

// otherServices names the services that there are, where the one that is to go is
// missing: its name may be misspelt.
func (t *task) otherServices(now situation) string {
	if t.p.installs() || now.Installed {
		return ""
	}
	names := t.installed()
	text := "; there is no such service on this host"
	switch near := nearest.Of(t.p.Name, names); {
	case near != "":
		return text + " (did you mean " + near + "?), but: " + strings.Join(names, ", ")
	case names != nil:
		return text + ", but: " + strings.Join(names, ", ")
	}
	return text
}

// installed lists the services of the host, sorted.
func (t *task) installed() []string {
	entries, _ := os.ReadDir(t.unit.Folders.SV)
	var names []string
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), supervisor.Prefix)
		if ok && exists(t.unit.Folders.Dir(e.Name())+"/.rundock") {
			names = append(names, name)
		}
	}
	return names
}
