package stacking

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
)

// published are the ports in the arguments of slots: web.1 8000:80.
func published(a control.StackAnswer) (all []string) {
	for _, w := range a.Waves {
		for host, work := range w.Hosts {
			for _, s := range work.Services {
				args := strings.Fields(fmt.Sprint(s["args"]))
				if at := slices.Index(args, "-p"); at >= 0 && w.Title != "monitor" {
					all = append(all, fmt.Sprint(s["slot"], " ", host, " ", args[at+1]))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Each instance is told the one port of a range that it has, and keeps it in the next release.
func TestEntry_of_a_service_with_a_range_of_ports(t *testing.T) {
	b := newBench(t)
	b.hosts = map[string]json.RawMessage{"node-1": json.RawMessage(`{"version":1,"arch":"amd64","private_address":"10.0.0.1","unknown":["runit: it is not asked"],"services":[
		{"name":"other","enabled":true,"state":"up","ports":[{"address":"0.0.0.0","port":18080,"protocol":"tcp"}]}]}`)}
	file := func(image string, replicas int) string {
		return fmt.Sprintf("services: {web: {image: %q, ports: [18080-18082:80], deploy: {replicas: %d}}}\n", image, replicas)
	}
	b.write(file("web:1", 2))
	if got, want := published(b.deploy()), []string{"web.1 node-1 18081:80", "web.2 node-1 18082:80"}; !slices.Equal(got, want) {
		t.Errorf("published = %q, want %q", got, want)
	}
	if again := b.deploy(); again.Changed {
		t.Errorf("again: %q", again.Lines)
	}
	b.hosts["node-1"] = json.RawMessage(`{"version":1,"arch":"amd64","private_address":"10.0.0.1"}`)
	b.write(file("web:2", 3))
	next := b.deploy()
	if got, want := published(next), []string{"web.1 node-1 18081:80", "web.2 node-1 18082:80", "web.3 node-1 18080:80"}; !slices.Equal(got, want) {
		t.Errorf("with another image and one more, published = %q, want %q", got, want)
	}
	if !strings.Contains(strings.Join(next.Lines, "\n"), "stop-first: its port of 18080-18082") {
		t.Errorf("lines = %q", next.Lines)
	}
	b.write(file("web:2", 4))
	if refused := b.ask(control.StackPlan); !strings.Contains(refused.Error, "web.4 refused: port 18080-18082 taken on 1 host") {
		t.Errorf("with more instances than ports: %q", refused.Error)
	}
}
