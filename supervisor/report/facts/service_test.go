package facts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/spec"
	"rundock/supervisor"
	standing "rundock/supervisor/report/service"
)

const reference = "registry.example.com:5000/web:2"

var images = []container.Image{
	{ID: "sha256:aa", Digests: []string{"other.example.com/web@sha256:01", "registry.example.com:5000/web@sha256:01"}},
	{ID: "sha256:bb", Names: []string{"local:1"}},
}

// standingOf is what status says of a service, as JSON has it.
func standingOf(t *testing.T, text string) (s standing.Standing) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServiceOf(t *testing.T) {
	runs := `"name":"web-blue","verdict":"ok","enabled":true,"runner":{"phase":"running","since":"2026-11-29T09:00:00Z"},"container":{"id":"c1","image_id":"sha256:aa"},
		"announce":{"state":"announced","since":"2026-11-29T09:00:01Z","records":[{"name":"node-1-blue.web.s.example.com","host":"10.0.0.1","port":80}]}`
	has := supervisor.Service{
		Container: spec.Container{
			Image: reference, CPUs: "1.5", Memory: 512 << 20, MemoryReservation: 256 << 20, Network: "apps", Networks: []spec.Network{{Name: "back"}},
			Ports: []string{"10.0.0.1:80:8080", "53:53/udp"}, Volumes: []string{"data:/data", "/etc:/etc:ro", "/anonymous"},
			Mounts: []spec.Mount{{Type: "volume", Source: "more", Target: "/more"}, {Type: "bind", Source: "/x", Target: "/x"}}, Labels: map[string]string{"rundock.stack": "shop"},
		},
		Announce: supervisor.Announce{Colour: "blue", Announces: []supervisor.Announcement{{Port: 80}}},
	}
	got, err := serviceOf(standingOf(t, "{"+runs+"}"), has, images)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"web-blue","colour":"blue","enabled":true,"verdict":"ok","state":"running","since":"2026-11-29T09:00:00Z","announced":"announced",` +
		`"image":"registry.example.com:5000/web:2","image_id":"sha256:aa","digest":"registry.example.com:5000/web@sha256:01","container":"c1",` +
		`"cpus":1.5,"memory":536870912,"memory_reservation":268435456,"networks":["apps","back"],` +
		`"ports":[{"address":"0.0.0.0","port":53,"protocol":"udp"},{"address":"10.0.0.1","port":80,"protocol":"tcp"}],"volumes":["data","more"],"labels":{"rundock.stack":"shop"},` +
		`"records":[{"name":"node-1-blue.web.s.example.com","host":"10.0.0.1","port":80}]}`
	if string(data) != want {
		t.Errorf("got\n%s\nwant\n%s", data, want)
	}

	for _, c := range []struct {
		what, standing   string
		has              supervisor.Service
		state, announced string
		reason, problem  string
		ports            int
	}{
		{"it backs off", `{"name":"web","verdict":"wrong","problem":"container: it crashes","runner":{"phase":"backoff","error":"exit code 1"},"announce":{"state":"waiting","reason":"not up"}}`,
			has, "backoff", "waiting", "exit code 1", "container: it crashes", 2},
		{"it has no container", `{"name":"registry","verdict":"wrong","announce":{"state":"waiting","reason":"tcp 10.0.0.1:5000 refused"}}`,
			supervisor.Service{Announce: supervisor.Announce{Announces: []supervisor.Announcement{{Port: 5000}}}}, "waiting", "waiting", "tcp 10.0.0.1:5000 refused", "", 0},
		{"it has the host's network", `{"name":"web","verdict":"ok","runner":{"phase":"running"}}`,
			supervisor.Service{Container: spec.Container{Image: "x", Network: "host"}, Announce: supervisor.Announce{Announces: []supervisor.Announcement{{Port: 80}, {Port: 53, Protocol: "udp"}}}}, "running", "", "", "", 2},
		{"it was never started", `{"name":"web","verdict":"disabled"}`, supervisor.Service{}, "", "", "", "", 0},
	} {
		got, err := serviceOf(standingOf(t, c.standing), c.has, images)
		if err != nil || got.State != c.state || got.Announced != c.announced || got.Reason != c.reason || got.Problem != c.problem || len(got.Ports) != c.ports {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}

func TestDigestOf(t *testing.T) {
	for _, c := range []struct{ id, reference, want string }{
		{"sha256:aa", reference, "registry.example.com:5000/web@sha256:01"},
		{"sha256:aa", "registry.example.com:5000/web@sha256:01", "registry.example.com:5000/web@sha256:01"},
		{"sha256:aa", "third.example.com/web:1", "other.example.com/web@sha256:01"},
		{"sha256:bb", "local:1", ""}, {"sha256:cc", reference, ""}, {"", reference, ""},
	} {
		if got := digestOf(c.id, c.reference, images); got != c.want {
			t.Errorf("digestOf(%q, %q) = %q, want %q", c.id, c.reference, got, c.want)
		}
	}
}

func TestReservedBy_counts_enabled_services_with_a_container(t *testing.T) {
	got := reservedBy([]service{
		{Enabled: true, Image: "a", CPUs: 1.5, Memory: 100}, {Enabled: true, Image: "b", CPUs: 1}, {Enabled: true, Image: "c", Memory: 50},
		{Image: "d", CPUs: 8, Memory: 1000}, {Enabled: true},
	})
	if want := (reserved{CPUs: 2.5, Memory: 150, WithoutCPULimit: 1, WithoutMemory: 1}); got != want {
		t.Errorf("reserved = %+v, want %+v", got, want)
	}
}

func TestReleaseIn(t *testing.T) {
	for text, want := range map[string]string{
		"HAProxy version 2.6.12-1+deb12u2 2025/04/25 - https://haproxy.org/\nStatus: x": "2.6.12-1+deb12u2",
		"Consul v1.8.7\nProtocol 2": "v1.8.7", "dnsd v0.9-12-gabc\n": "v0.9-12-gabc", "": "", "dnsd": "",
	} {
		if got := releaseIn(text); got != want {
			t.Errorf("releaseIn(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestText_for_people(t *testing.T) {
	d := document{
		Host: "node-1", Zone: "s.example.com", Private: "10.0.0.1", Groups: []string{"back"}, Labels: map[string]string{"zone": "a"}, Time: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC),
		Arch: "amd64", OS: "Debian 12", Kernel: "6.1", Capacity: capacity{CPUs: 4, Memory: 8 << 30, MemoryAvailable: 6 << 30, Disks: []disk{{"/", 50 << 30, 20 << 30}}},
		Reserved: reserved{CPUs: 1.5, Memory: 512 << 20, WithoutMemory: 1}, Drained: &control.Drain{By: "ada"},
		Programs: []program{{"rundockd", "v1"}}, Networks: []network{{Name: "apps", State: "up", Subnet: "10.42.1.0/24", Peers: 2}}, Images: []image{{Size: 1 << 20}, {Size: 1 << 19}},
		Services: []service{{Name: "web", Verdict: "wrong", State: "backoff", Since: time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), CPUs: 1.5, Memory: 512 << 20, Image: reference, Problem: "it\ncrashes"}},
	}
	got := d.text()
	for _, want := range []string{
		"host       node-1, zone s.example.com, private address 10.0.0.1\n", "drained    the host is drained, by ada\n", "labels     zone=a\n",
		"machine    amd64, Debian 12, Linux 6.1, 4 CPUs, 8.0GiB of memory, 6.0GiB available\n", "disk       /: 50.0GiB, 20.0GiB free\n", "images     2, 1.5MiB\n",
		"network    apps: up, subnet 10.42.1.0/24, 2 peers\n", "web      wrong    backoff  1h0m  1.5   512.0MiB  registry.example.com:5000/web:2  it crashes\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
