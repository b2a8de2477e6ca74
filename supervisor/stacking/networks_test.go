package stacking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
)

const inNetworks = `
services:
  web: {image: web:1, networks: [front], depends_on: [api]}
  api:
    image: web:2
    networks: {front: {aliases: [gate]}, back: {aliases: [core], gw_priority: 1}}
  db: {image: db:1, networks: {back: {aliases: [sql]}}}
networks: {front: {}, back: {name: behind}}
`

// A service in several networks has records in each, and its own name leads to where those are
// that depend on it, whichever is its way out.
func TestEntry_of_a_service_in_several_networks(t *testing.T) {
	b := newBench(t)
	b.write(inNetworks)
	told := map[string]string{}
	for _, w := range b.deploy().Waves {
		for _, work := range w.Hosts {
			for _, s := range work.Services {
				told[fmt.Sprint(s["slot"])] = fmt.Sprint(s["announces"], s["aliases"])
			}
		}
	}
	for slot, want := range map[string]string{
		"web.1": "[map[as:container network:shop_front]] <nil>",
		"db.1":  "[map[as:container network:behind]] [sql]",
		"api.1": "[map[as:container network:shop_front]] [core@behind gate api._back@behind core._back@behind api._front@shop_front gate._front@shop_front]",
	} {
		if told[slot] != want {
			t.Errorf("%s announces %s, want %s", slot, told[slot], want)
		}
	}
}

// forestalled is a store in which stack blog takes a network just before the first write of who has
// which.
type forestalled struct {
	registry.Store
	once sync.Once
	err  error
}

func (f *forestalled) Swap(ctx context.Context, s registry.Swap) (bool, error) {
	if s.Key == network.Key {
		f.once.Do(func() {
			blog := stack.Stack{Version: stack.Version, Name: "blog", Networks: map[string]stack.Network{"default": {Name: "blog_default"}}}
			_, f.err = network.Take(ctx, f.Store, network.DefaultPool, blog, nil)
		})
	}
	return f.Store.Swap(ctx, s)
}

// A network that another run takes between plan and run is another one then, in all that the run
// does; a run that is bound to its plan is refused, and keeps nothing.
func TestRun_beside_one_that_takes_its_network(t *testing.T) {
	b := newBench(t)
	b.write("services: {web: {image: web:1}}")
	store := b.site.store

	planned := b.must(control.StackPlan)
	f := &forestalled{Store: store}
	b.site.store = f
	a := b.ask(control.StackBegin, func(q *control.StackRequest) { q.Expect = planned.Plan })
	if !strings.Contains(a.Error, "and "+planned.Plan+" is expected") || f.err != nil {
		t.Fatalf("bound to the plan of before: %q, %v", a.Error, f.err)
	}
	if keys := strings.Join(b.keys(), " "); keys != "blog_default" {
		t.Errorf("once that is refused, the store has %s", keys)
	}

	if err := network.Keep(t.Context(), store, "blog"); err != nil {
		t.Fatal(err)
	}
	f = &forestalled{Store: store}
	b.site.store = f
	b.run = "two"
	begun := b.must(control.StackBegin)
	ledger, err := network.Read(t.Context(), store)
	if err != nil || f.err != nil {
		t.Fatal(err, f.err)
	}
	had, has := ledger.Networks["blog_default"], ledger.Networks["shop_default"]
	if !strings.Contains(planned.After, had.Subnet.String()) {
		t.Errorf("blog took %s, which was not in the plan:\n%s", had.Subnet, planned.After)
	}
	if !strings.Contains(begun.After, has.Subnet.String()) || strings.Contains(begun.After, had.Subnet.String()) {
		t.Errorf("the run has %s, and says\n%s", has.Subnet, begun.After)
	}
	b.roll(begun, "")
	r := b.view().Base()
	if got := r.Networks["default"]; got.Subnet != has.Subnet.String() || got.VNI != int(has.VNI) {
		t.Errorf("the release has %v, the ledger %v", got, has)
	}
	for slot, s := range r.Slots {
		if s.Hash != r.SpecHash(slot.Service) {
			t.Errorf("%s is not made as the release says", slot)
		}
	}
}

// A network that hosts are in stays as it is, which the plan says of internal as of its subnet: its hosts
// would not be told, and what is in it go on with a way out.
func TestPlan_refuses_another_internal_of_a_network_in_use(t *testing.T) {
	b := newBench(t)
	b.write("services: {web: {image: web:1}}")
	b.deploy()
	b.write("services: {web: {image: web:1}}\nnetworks: {default: {internal: true}}")
	if a := b.ask(control.StackPlan); !strings.Contains(a.Error, "network default: its internal is false, and cannot become true while containers are in it") {
		t.Errorf("the plan says %q, lines %q", a.Error, a.Lines)
	}
	b.write("services: {web: {image: web:1}}\nnetworks: {default: {internal: true, name: shop_inner}}")
	if a := b.must(control.StackPlan); !a.Changed {
		t.Errorf("by another name: %q", a.Lines)
	}
}

// A network that a host cannot have beside those that Docker has there is refused before anything
// is changed; one that an instance is to be in and no host has, likewise.
func TestPlan_refuses_networks_that_hosts_cannot_have(t *testing.T) {
	b := newBench(t)
	bare := strings.TrimSuffix(string(b.hosts["node-2"]), "}")
	for _, c := range []struct{ networks, has, want string }{
		{"{own: {ipam: {config: [{subnet: 10.5.0.0/16}]}}}", `{"name":"lan","subnets":["192.168.1.0/24","10.5.3.0/24"]}`,
			"network own refused: its subnet 10.5.0.0/16 overlaps 10.5.3.0/24 of Docker's network lan on node-2: give it another subnet, or remove that network"},
		{"{own: {ipam: {config: [{subnet: 10.5.0.0/16}]}}}", `{"name":"lan","subnets":["10.6.0.0/16"]},{"name":"shop_own","subnets":["10.5.0.0/16"]},{"name":"odd","subnets":[]}`, ""},
		{"{own: {external: true, name: lan}}", `{"name":"bridge","subnets":[]}`, "web.1 refused: constraint node == node-2 on 2 hosts, no network lan on 1"},
		{"{own: {external: true, name: lan}}", `{"name":"lan","subnets":[]}`, ""},
	} {
		b.write("services: {web: {image: web:1, networks: [own], deploy: {placement: {constraints: [node.hostname==node-2]}}}}\nnetworks: " + c.networks)
		b.hosts["node-2"] = []byte(bare + `,"docker_networks":[` + c.has + "]}")
		a := b.ask(control.StackPlan)
		if c.want == "" && a.Error != "" || !strings.Contains(a.Error, c.want) || c.want != "" && !slices.Contains(a.Lines, c.want) {
			t.Errorf("%s where node-2 has %s: %q, lines %q, want %q", c.networks, c.has, a.Error, a.Lines, c.want)
		}
	}
}

// fixed is a stack whose network has the subnet that its file names.
const fixed = "services: {web: {image: web:1}}\nnetworks: {default: {ipam: {config: [{subnet: 10.5.0.0/16}]}}}"

// A run that changed nothing on hosts leaves no network taken, so that the file may name another
// subnet, and a stack that is removed leaves nothing.
func TestNetworks_of_a_run_that_changed_nothing_are_given_back(t *testing.T) {
	for name, ends := range map[string]func(b *bench){
		"it pulled images and failed": func(b *bench) {
			b.roll(b.must(control.StackBegin), "networks")
			if a := b.must(control.StackFail); len(a.Waves) > 0 || len(a.Notes) != 1 || !strings.HasPrefix(a.Notes[0], "nothing was changed") {
				b.Fatalf("the way back: %+v", a)
			}
			b.must(control.StackEnd)
		},
		"its release could not be written": func(b *bench) {
			store := b.site.store
			b.site.store = &unwritten{store}
			if a := b.ask(control.StackBegin); !strings.Contains(a.Error, "commit refused") {
				b.Fatalf("begin: %q", a.Error)
			}
			b.site.store = store
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write(fixed)
			ends(b)
			b.run = "two"
			b.write(strings.ReplaceAll(fixed, "10.5.", "10.6."))
			if a := b.ask(control.StackPlan); a.Error != "" || !strings.Contains(a.After, "10.6.0.0/16") {
				t.Errorf("another subnet: %q, planned\n%s", a.Error, a.After)
			}
			b.deploy(absent)
			if keys := b.keys(); len(keys) > 0 {
				t.Errorf("once it is removed, the store has %v", keys)
			}
		})
	}
}

// unwritten is a store that writes no release.
type unwritten struct{ registry.Store }

func (u *unwritten) Transact(ctx context.Context, all []registry.Swap) (bool, error) {
	return false, errors.New("commit refused")
}

// The same of a run that was killed after it took its networks, and before it wrote its release.
func TestRun_removes_networks_of_a_run_that_was_killed_before_its_release_was_written(t *testing.T) {
	b := newBench(t)
	shop := stack.Stack{Version: stack.Version, Name: "shop", Networks: map[string]stack.Network{"default": {Name: "shop_default"}}}
	if _, err := network.Take(t.Context(), b.site.store, network.DefaultPool, shop, nil); err != nil {
		t.Fatal(err)
	}
	if a := b.must(control.StackPlan, absent); !a.Changed {
		t.Errorf("the plan says %q", a.Lines)
	}
	b.deploy(absent)
	if keys := b.keys(); len(keys) > 0 {
		t.Errorf("once it is removed, the store has %v", keys)
	}
	if a := b.must(control.StackPlan, absent); a.Changed {
		t.Errorf("again: %q", a.Lines)
	}
}
