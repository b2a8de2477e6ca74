package supervisor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"

	"rundock/internal/fstree"
	"rundock/internal/spec"
	"rundock/internal/stack"
	"rundock/supervisor/overlaydir"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestFiles compares service directories with testdata/files-*.txtar: a file
// a section, its mode in front of its path.
func TestFiles(t *testing.T) {
	influxdb := spec.Container{
		Image:       "registry.s.prod.example.com:5000/influxdb:latest",
		VolumesFrom: []string{"data.influxdb"},
		Ports:       []string{"$PRIVATE_IP:8083:8083"},
		Env:         map[string]string{"ADMIN_PASSWORD": "not for scripts"},
	}
	announced := Announce{Drain: 5, Announces: []Announcement{{Port: 8086}}}
	for name, s := range map[string]Service{
		"container-only":        {Name: "influxdb", Container: influxdb, StopTimeout: 30},
		"container-and-sidecar": {Name: "influxdb", Container: influxdb, Pull: "missing", Announce: announced},
		"colour":                {Name: "web-blue", Container: spec.Container{Image: "web:1"}, Announce: Announce{Colour: "blue", Announces: []Announcement{{Port: 8081, ContainerPort: 80}}}},
		"slot": {Name: "shop-web-2", Stack: "shop", Slot: stack.Slot{Service: "web", Number: 2}, Container: spec.Container{Image: "web:1", Labels: map[string]string{"a": "b"}},
			Announce: Announce{Aliases: []string{"www"}, Announces: []Announcement{{As: "container"}, {Name: "admin", Port: 81, As: "container"}}}},
		"announce-only": {Name: "registry", Announce: Announce{Announces: []Announcement{{
			Port: 5000, As: "private", Check: &Check{Type: "http", Path: "/v2/"},
		}}}},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := Files(s)
			if err != nil {
				t.Fatal(err)
			}
			compareFiles(t, name, files)
		})
	}
}

func TestOverlayFiles(t *testing.T) {
	compareFiles(t, "overlay", overlaydir.Files("apps", "/etc/rundock/overlay/apps.json"))
}

func compareFiles(t *testing.T, name string, files []fstree.File) {
	t.Helper()
	var got txtar.Archive
	for _, f := range files {
		got.Files = append(got.Files, txtar.File{Name: fmt.Sprintf("%04o %s", f.Mode, f.Path), Data: f.Data})
	}
	golden := filepath.Join("testdata", "files-"+name+".txtar")
	if *update {
		if err := os.WriteFile(golden, txtar.Format(&got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if g := txtar.Format(&got); string(g) != string(want) {
		t.Errorf("the files of %s differ from %s (-update writes it anew):\n%s", name, golden, g)
	}
}

func TestFiles_refuses_a_service_that_does_nothing(t *testing.T) {
	if files, err := Files(Service{Name: "idle"}); err == nil {
		t.Errorf("Files of a service without image and announcement = %d files, want an error", len(files))
	}
}

func TestComplete(t *testing.T) {
	for name, c := range map[string]struct {
		network string
		ports   []string
		a       Announcement
		want    []string
	}{
		"publishes on the private address":         {"", nil, Announcement{Port: 8087, ContainerPort: 80}, []string{"$PRIVATE_IP:8087:80"}},
		"publishes on the public address":          {"", nil, Announcement{Port: 53, Protocol: "udp", As: "public"}, []string{"$PUBLIC_IP:53:53/udp"}},
		"leaves a published port":                  {"", []string{"8087:80"}, Announcement{Port: 8087}, []string{"8087:80"}},
		"publishes beside another address's port":  {"", []string{"$PUBLIC_IP:80:80"}, Announcement{Port: 80}, []string{"$PUBLIC_IP:80:80", "$PRIVATE_IP:80:80"}},
		"publishes nothing of the host's network":  {"host", nil, Announcement{Port: 80}, nil},
		"publishes nothing for the container's ip": {"", nil, Announcement{Port: 80, As: "container"}, nil},
		"fills in the announced address":           {"", []string{"$ANNOUNCE_IP:81:81"}, Announcement{Port: 81, As: "public"}, []string{"$PUBLIC_IP:81:81"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Service{Name: "web", Container: spec.Container{Image: "web", Network: c.network, Ports: c.ports}, Announce: Announce{Announces: []Announcement{c.a}}}
			once := s.Complete()
			if got := once.Container.Ports; !slices.Equal(got, c.want) {
				t.Errorf("ports = %q, want %q", got, c.want)
			}
			if twice := once.Complete(); twice.Container.Hash() != once.Container.Hash() {
				t.Errorf("a second Complete gives ports %q", twice.Container.Ports)
			}
		})
	}
}

func TestComplete_announces_the_address_in_the_first_of_several_networks(t *testing.T) {
	two := []spec.Network{{Name: "apps"}}
	for _, c := range []struct {
		network     string
		further     []spec.Network
		asked, want string
	}{{"zone", two, "", "zone"}, {"zone", two, "apps", "apps"}, {"zone", nil, "", "zone"}, {"bridge", nil, "", ""}, {"", nil, "", ""}} {
		s := Service{Name: "web", Container: spec.Container{Image: "web", Network: c.network, Networks: c.further},
			Announce: Announce{Announces: []Announcement{{Port: 80, As: "container", Network: c.asked}}}}
		if got := s.Complete().Announce.Announces[0].Network; got != c.want {
			t.Errorf("asked for network %q: announced is that of %q, want %q", c.asked, got, c.want)
		}
		if got := s.Announce.Announces[0].Network; got != c.asked {
			t.Errorf("Complete changed its receiver: %q", got)
		}
	}
}
