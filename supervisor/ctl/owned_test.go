package ctl

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/container"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor"
)

func TestOwned_is_a_port_of_an_enabled_service(t *testing.T) {
	dir := t.TempDir()
	host := hostconfig.Config{
		Private: hostconfig.Interface{Interface: "lo"},
		Runit:   hostconfig.Runit{SV: filepath.Join(dir, "sv"), Service: filepath.Join(dir, "service")},
	}
	if err := os.Mkdir(host.Runit.Service, 0o755); err != nil {
		t.Fatal(err)
	}
	announce := supervisor.Announce{Announces: []supervisor.Announcement{{Port: 8086}}}
	for _, s := range []supervisor.Service{
		{Name: "db", Container: spec.Container{Image: "x", Ports: []string{"$PRIVATE_IP:9000:9000"}}, Announce: announce},
		{Name: "web", Container: spec.Container{Image: "x", Ports: []string{"80:8080", "5353:53/udp"}}},
		{Name: "plain", Container: spec.Container{Image: "x", Ports: []string{"7000:7000"}, Network: "host"}},
		{Name: "off", Container: spec.Container{Image: "x", Ports: []string{"81:81"}}},
	} {
		files, err := supervisor.Files(s)
		if err != nil {
			t.Fatal(err)
		}
		name := supervisor.Prefix + s.Name
		if _, err := fstree.Apply(filepath.Join(host.Runit.SV, name), files, false); err != nil {
			t.Fatal(err)
		}
		if s.Name == "off" {
			continue
		}
		if err := os.Symlink(filepath.Join(host.Runit.SV, name), filepath.Join(host.Runit.Service, name)); err != nil {
			t.Fatal(err)
		}
	}
	port := func(s, proto string) []container.HostPort {
		a := netip.MustParseAddrPort(s)
		return []container.HostPort{{IP: a.Addr(), Port: int(a.Port()), Proto: proto}}
	}
	for _, c := range []struct {
		claim, service, port, proto, owner string
	}{
		{"announced", "new", "127.0.0.1:8086", "tcp", "db"},
		{"published beside it", "new", "0.0.0.0:9000", "tcp", "db"},
		{"at another address", "new", "127.0.0.2:9000", "tcp", ""},
		{"published everywhere", "new", "127.0.0.1:80", "tcp", "web"},
		{"of another protocol", "new", "127.0.0.1:80", "udp", ""},
		{"its own", "web", "0.0.0.0:80", "tcp", ""},
		{"not published in the host's network", "new", "0.0.0.0:7000", "tcp", ""},
		{"of a service that is disabled", "new", "0.0.0.0:81", "tcp", ""},
		{"one that Docker chooses", "new", "0.0.0.0:0", "tcp", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			err := owned(host, c.service, port(c.port, c.proto), container.State{})
			if (err != nil) != (c.owner != "") || err != nil && !strings.Contains(err.Error(), "service "+c.owner+"'s") {
				t.Errorf("owned(%s/%s for %s) = %v, want service %q", c.port, c.proto, c.service, err, c.owner)
			}
		})
	}
	holds := container.State{Running: true, Published: port("127.0.0.1:80", "tcp")}
	if err := owned(host, "new", holds.Published, holds); err != nil {
		t.Errorf("a port that the service's own container holds is refused: %v", err)
	}
}
