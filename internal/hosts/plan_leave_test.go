package hosts

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/hostconfig"
)

func TestPlanLeave(t *testing.T) {
	all := Remains{Services: []string{"consul", "dnsd", "haproxy", "previewd", "registry", "rundock-balance", "rundock-render", "rundock-store"}, Resolver: true, Balances: true, Store: true,
		Paths: []string{"/etc/rundock/host.json", "/usr/local/bin/rundockd"}}
	authority := all
	authority.Authority = true
	filtered := Remains{Services: []string{"dnsd", "rundock-filter"}, Filters: true, Paths: []string{filterJSON, "/usr/local/bin/rundockd"}}
	known := Remains{Services: []string{"dnsd"}, Paths: []string{hostconfig.Path, snapshotDir}}
	for _, c := range []struct {
		what    string
		remains Remains
		force   bool
		want    string
	}{
		{"nothing", Remains{}, false, ""},
		{"all, in order", all, false, "end rundock-balance, end haproxy, end registry, end rundock-render, end previewd, leave balancers, restore, end dnsd, stop store, end consul, end rundock-store, " +
			"delete /var/lib/dnsd/snapshot, delete /etc/rundock/host.json, delete /usr/local/bin/rundockd"},
		{"what an interrupted call left", Remains{Services: []string{"rundock-store"}, Store: true, Paths: []string{"/usr/local/bin/rundockd"}}, false, "end rundock-store, delete /usr/local/bin/rundockd"},
		{"a packet filter", filtered, false, "end rundock-filter, leave filter, end dnsd, delete /var/lib/dnsd/snapshot, delete /etc/rundock/filter.json, delete /usr/local/bin/rundockd"},
		{"a snapshot that is there already", known, false, "end dnsd, delete /etc/rundock/host.json, delete /var/lib/dnsd/snapshot"},
		{"a packet filter whose service has gone already", Remains{Filters: true, Paths: []string{filterJSON}}, true, "leave filter, delete /etc/rundock/filter.json"},
		{"a user of image registries", Remains{ImageRegistries: []string{"mirror.s.example.com:5001", "registry.s.example.com:5000"}, Paths: []string{"/usr/local/bin/rundockd"}}, false,
			"forget images mirror.s.example.com:5001 registry.s.example.com:5000, delete /usr/local/bin/rundockd"},
		{"services are still there", Remains{Installed: []string{"docker-web", "overlay-apps"}}, true, "the host still has docker-web, overlay-apps: "},
		{"the authority is there", authority, false, "the site's authority is here, /etc/rundock/ca: "},
		{"by force, without the store", authority, true, "end rundock-balance, end haproxy, end registry, end rundock-render, end previewd, restore, end dnsd, stop store, end consul, end rundock-store, " +
			"delete /var/lib/dnsd/snapshot, delete /etc/rundock/host.json, delete /usr/local/bin/rundockd"},
	} {
		plan, err := PlanLeave(c.remains, c.force)
		var steps []string
		for _, s := range plan.Steps {
			steps = append(steps, s.key())
			if s.Says == "" {
				t.Errorf("%s: step %s says nothing", c.what, s.key())
			}
		}
		if got := strings.Join(steps, ", "); err == nil && got != c.want || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %s, %v, want %s", c.what, got, err, c.want)
		}
	}
	if got := fmt.Sprintf("%q", authority.Stays()); !strings.Contains(got, "/etc/rundock/ca") || !strings.Contains(got, "/var/lib/dnsd/etcd") || !strings.Contains(got, "/var/lib/docker-registry") {
		t.Errorf("stays = %s", got)
	}
}

func TestKindOfService(t *testing.T) {
	for _, c := range []struct {
		name, script string
		listed       bool
		want         maker
	}{
		{"dnsd", "#!/bin/sh\n# Written by site.yml of rundock. Zone...", false, ofSite},
		{"rundock-render", "#!/bin/sh\nexec 2>&1\nexec /usr/local/bin/rundockd render\n", true, ofSite},
		{"docker-web", "#!/bin/sh\nexec runsvdir ...", true, ofModule},
		{"docker-web", "#!/bin/sh\nexec docker run web", false, ofOthers},
		{"overlay-apps", "exec /usr/local/bin/rundockd overlay run apps\n", true, ofModule},
		{"ssh", "exec sshd -D", false, ofOthers},
	} {
		if got := kindOfService(c.name, c.script, c.listed); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
