package main

import (
	"encoding/json"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/moduletest"
	"rundock/internal/moduletest/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, "../rundock") }

type args = map[string]any

// facts are what the module returns, as whoever places services reads them.
type facts struct {
	Version          int
	Host, Zone, Arch string
	Machine          string
	Inventory        string
	Groups           []string
	Labels           map[string]string
	Private          string `json:"private_address"`
	Unknown          []string
	Drained          *control.Drain
	Capacity         struct{ CPUs, Memory, MemoryAvailable int64 }
	Reserved         struct{ Memory int64 }
	Programs         []struct{ Name, Version string }
	Networks, Images []any
	Services         []struct {
		Name, Verdict, State, Announced, Image, Reason string
		Enabled                                        bool
		Ports                                          []struct{ Port int }
		Records                                        []struct{ Name string }
	}
}

func factsOf(t *testing.T, h *storetest.Host, given args) (facts, moduletest.Answer) {
	t.Helper()
	a := h.Call(given)
	if a.Failed || a.Changed {
		t.Fatalf("%v: %s", given, a.Raw)
	}
	var got struct{ Facts facts }
	if err := json.Unmarshal([]byte(a.Raw), &got); err != nil {
		t.Fatal(err)
	}
	return got.Facts, a
}

func TestFacts_of_a_host_without_Docker(t *testing.T) {
	h := storetest.New(t, "rundock_info")
	h.Write(hostconfig.InventoryPath, `{"version":1,"name":"one","groups":["back","rundock_etcd"],"labels":{"zone":"a"}}`)
	host, err := os.ReadFile(hostconfig.Path)
	if err != nil {
		t.Fatal(err)
	}
	h.Write(hostconfig.Path, strings.Replace(string(host), `"label"`, `"private":{"interface":"lo"},"label"`, 1))
	rundock := h.Caller
	rundock.Module = moduletest.Program("rundock")
	listens, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listens.Close() })
	there := args{"name": "there", "state": "enabled", "announces": []any{args{"port": listens.Addr().(*net.TCPAddr).Port}}, "wait": "announced"}
	away := args{"name": "away", "state": "enabled", "announces": []any{args{"port": 9}}}
	for _, service := range []args{there, away} {
		if a := rundock.Call(service); a.Failed {
			t.Fatal(a.Raw)
		}
	}

	got, a := factsOf(t, h, args{})
	if got.Version != 1 || got.Host != "node-1" || got.Zone != "s.example.com" || got.Machine == "" || got.Private != "127.0.0.1" || got.Inventory != "one" ||
		!slices.Equal(got.Groups, []string{"back", "rundock_etcd"}) || got.Labels["zone"] != "a" || got.Drained != nil {
		t.Errorf("who the host is: %+v", got)
	}
	if got.Capacity.CPUs < 1 || got.Capacity.Memory < 1<<20 || got.Arch == "" {
		t.Errorf("what it has: %+v", got)
	}
	if len(got.Programs) == 0 || got.Programs[0].Name != "rundockd" || got.Programs[0].Version == "" {
		t.Errorf("programs = %+v", got.Programs)
	}
	if got.Networks == nil || got.Images == nil {
		t.Errorf("a list is null: %s", a.Raw)
	}
	if !slices.ContainsFunc(got.Unknown, func(u string) bool { return strings.Contains(u, "docker") }) || len(a.Warnings) != len(got.Unknown) {
		t.Errorf("unknown is %q, warnings %q; want that Docker is not known", got.Unknown, a.Warnings)
	}
	names := []string{}
	for _, s := range got.Services {
		names = append(names, s.Name)
		if !s.Enabled || s.Image != "" || s.State != s.Announced {
			t.Errorf("service %+v", s)
		}
		if s.Name == "there" && (s.Announced != "announced" || len(s.Records) != 1 || s.Records[0].Name != "node-1.there.s.example.com") {
			t.Errorf("service %+v, want it announced", s)
		}
	}
	if !slices.Equal(names, []string{"away", "there"}) {
		t.Errorf("services = %q", names)
	}

	if err := control.WriteDrain(hostconfig.StateDir, control.Drain{By: "ada"}); err != nil {
		t.Fatal(err)
	}
	if got, _ := factsOf(t, h, args{"parts": []string{"programs"}}); len(got.Services) > 0 || len(got.Programs) == 0 || got.Drained == nil || got.Drained.By != "ada" {
		t.Errorf("programs alone, of a host that is drained: %+v", got)
	}
	h.Refuses(args{"parts": []string{"service"}}, "parts")
	if err := os.Remove(hostconfig.Program); err != nil {
		t.Fatal(err)
	}
	h.Refuses(args{}, "the host is not prepared")
}
