package network

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

func TestRecords(t *testing.T) {
	in := func(keys ...string) map[string]spec.Network {
		all := map[string]spec.Network{}
		for _, each := range keys {
			key, aliases, _ := strings.Cut(each, "=")
			n := spec.Network{}
			if aliases != "" {
				n.Aliases = strings.Split(aliases, ",")
			}
			all[key] = n
		}
		return all
	}
	s := of("shop", "front", "back internal", "Out.Side external")
	s.Services = map[string]stack.Service{
		"web":   {Networks: in("front=www,Shop.example.org")},
		"My_DB": {Networks: in("back=sql,my_db")},
		"api":   {Networks: in("front=gate", "back=gate,core")},
		"edge":  {Networks: in("Out.Side", "back")},
		"agent": {Container: spec.Container{Network: "host"}},
		"mute":  {Container: spec.Container{Network: "none"}},
		"side":  {Pod: stack.Pod{Network: "web"}},
		"spy":   {Pod: stack.Pod{Network: "agent"}},
	}
	for slot, want := range map[string]string{
		"web.2":   "2.web front, web-2.www front, web-2.shop.example.org front",
		"My_DB.1": "1.my_db back, my_db-1.sql back",
		"api.1":   "1.api front, api-1.gate front, api-1.core back, 1.api._front front, api-1.gate._front front, 1.api._back back, api-1.gate._back back, api-1.core._back back",
		"edge.1":  "1.edge back, 1.edge._out-side-f474c830 Out.Side, 1.edge._back back",
		"agent.1": "1.agent ",
		"mute.1":  "",
		"side.1":  "1.side front",
		"spy.1":   "1.spy ",
	} {
		parsed, err := stack.ParseSlot(slot)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range Records(s, parsed) {
			got = append(got, fmt.Sprintf("%s.%s %s", r.Instance, r.Name, r.Network))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("Records(%s) =\n%s\nwant\n%s", slot, strings.Join(got, ", "), want)
		}
	}
}

func TestDomains(t *testing.T) {
	if got, want := fmt.Sprint(Domains("shop", "back", "s.example.com")), "[_back.shop.s.example.com shop.s.example.com]"; got != want {
		t.Errorf("Domains = %s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, key := range []string{"a.b", "a-b", "A-b", strings.Repeat("n", 80), strings.Repeat("n", 81)} {
		label := networkLabel(key)
		if seen[label] || len(label) > 63 {
			t.Errorf("the label of network %s, %s, is another one's too, or too long", key, label)
		}
		seen[label] = true
	}
}

func TestAnnounced_is_where_those_are_that_ask(t *testing.T) {
	on := func(services ...string) map[string]stack.Dependency {
		all := map[string]stack.Dependency{}
		for _, s := range services {
			all[s] = stack.Dependency{}
		}
		return all
	}
	within := func(depends map[string]stack.Dependency, keys ...string) stack.Service {
		s := stack.Service{Networks: map[string]spec.Network{}, DependsOn: depends}
		for _, key := range keys {
			s.Networks[key] = spec.Network{}
		}
		return s
	}
	s := of("shop", "back", "front")
	s.Services = map[string]stack.Service{
		"nginx": within(on("api"), "front"), "api": within(on("db"), "front", "back"), "db": within(nil, "back"), "cache": within(nil, "back"),
		"worker": within(on("db", "both"), "back"), "both": within(nil, "front", "back"), "side": {Pod: stack.Pod{Network: "nginx"}, DependsOn: on("both")},
		"alone": {Container: spec.Container{Network: "host"}},
	}
	for service, want := range map[string]string{
		"nginx": "front", "db": "back", "alone": "", "side": "front",
		"api":  "front", // nginx is there alone, and depends on it; more others are in back
		"both": "back",  // one of those that depend on it is in each network, and more others here
	} {
		if got := Announced(s, service); got != want {
			t.Errorf("Announced(%s) = %q, want %q", service, got, want)
		}
	}
}

// Who is in several networks asks from that of its way out: there a service that it shares
// another network with is found at its address in that one.
func TestRecords_for_those_who_ask_from_elsewhere(t *testing.T) {
	in := func(keys ...string) stack.Service {
		s := stack.Service{Networks: map[string]spec.Network{}}
		for _, key := range keys {
			s.Networks[key] = spec.Network{}
		}
		return s
	}
	s := of("shop", "back", "admin", "front", "idle", "out external")
	s.Services = map[string]stack.Service{
		"web": in("back", "front"), "ui": in("front"), "tool": in("admin"), "other": in("admin"), "db": in("back", "idle", "admin"), "edge": in("front", "out"),
	}
	s.Services["db"].Networks["back"] = spec.Network{Aliases: []string{"sql"}}
	s.Services["web"].Networks["front"] = spec.Network{Priority: 1} // its way out
	var got []string
	for _, r := range Records(s, stack.Slot{Service: "db", Number: 1}) {
		got = append(got, fmt.Sprintf("%s.%s %s", r.Instance, r.Name, r.Network))
	}
	want := "1.db admin, db-1.sql back, 1.db._admin admin, 1.db._back back, db-1.sql._back back, 1.db._idle idle, 1.db._front back, db-1.sql._front back"
	if strings.Join(got, ", ") != want {
		t.Errorf("Records =\n%s\nwant\n%s", strings.Join(got, ", "), want)
	}
}
