package stacking

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
)

// leaving are the hosts that leave a network in waves, sorted.
func leaving(waves []control.StackWork, name string) (hosts []string) {
	for _, w := range waves {
		for host, work := range w.Hosts {
			for _, n := range work.Networks {
				if n["name"] == name && n["state"] == "absent" {
					hosts = append(hosts, host)
				}
			}
		}
	}
	slices.Sort(hosts)
	return hosts
}

// The module refuses to take a network from a host with containers in it: those of
// another stack would have a run fail that is to leave it.
func TestRun_leaves_a_network_where_no_other_stack_needs_it(t *testing.T) {
	b := newBench(t)
	const everywhere = "services: {web: {image: web:1, networks: [common], deploy: {mode: global}}}\nnetworks: {common: {name: common}}\n"
	b.write(everywhere)
	b.deploy()
	b.stack = "blog"
	b.write(strings.Replace(everywhere, "mode: global", "placement: {constraints: [node.hostname == node-2]}", 1))
	b.deploy()

	b.stack = "shop"
	if got := leaving(b.deploy(absent).Waves, "common"); !slices.Equal(got, []string{"node-1", "node-3"}) {
		t.Errorf("as shop goes, %v leave; want node-1 and node-3, as blog is on node-2", got)
	}
	b.stack = "blog"
	if got := leaving(b.deploy(absent).Waves, "common"); !slices.Equal(got, []string{"node-2"}) {
		t.Errorf("as blog goes, %v leave; want node-2", got)
	}
	if keys := b.keys(); len(keys) != 0 {
		t.Errorf("at the end, the store has %v", keys)
	}
}
