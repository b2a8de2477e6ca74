package ctl

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/overlaydir"
	"rundock/supervisor/renderdir"
)

func TestHandover_is_for_the_services_that_rundock_wrote(t *testing.T) {
	dir := t.TempDir()
	folders := runit.Folders{SV: filepath.Join(dir, "sv"), Service: filepath.Join(dir, "service")}
	image := spec.Container{Image: "x"}
	announce := supervisor.Announce{Announces: []supervisor.Announcement{{Port: 80}}}
	for _, s := range []supervisor.Service{
		{Name: "web", Container: image, Announce: announce},
		{Name: "worker", Container: image},
		{Name: "registry", Announce: announce},
	} {
		files, err := supervisor.Files(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fstree.Apply(folders.Dir(supervisor.Prefix+s.Name), files, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fstree.Apply(folders.Dir("overlay-apps"), overlaydir.Files("apps", "/etc/rundock/overlay/apps.json"), false); err != nil {
		t.Fatal(err)
	}
	if _, err := fstree.Apply(folders.Dir(renderdir.Name), renderdir.Files(supervisor.TemplateDir), false); err != nil {
		t.Fatal(err)
	}
	foreign := []fstree.File{{Path: "run", Mode: 0o755, Data: []byte("#!/bin/sh\nexec docker run ...\n")}}
	for _, name := range []string{"docker-classic", "dnsd", "overlay-classic", "rundock-balance", "rundock-store"} {
		if _, err := fstree.Apply(folders.Dir(name), foreign, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(folders.Service, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker-web", "docker-worker", "docker-registry", "docker-classic", "dnsd", "overlay-apps", "overlay-classic", "rundock-balance", "rundock-render", "rundock-store"} {
		if err := os.Symlink(folders.Dir(name), folders.Link(name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := processFolders(folders)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"docker-registry", "docker-web/services/announce", "docker-web/services/service", "docker-worker", "overlay-apps", "rundock-balance", "rundock-render", "rundock-store"}
	for i := range got {
		got[i], _ = filepath.Rel(folders.SV, got[i])
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("told to hand over are %q, want %q", got, want)
	}
}

// Processes of an earlier release may have connections of their own, and those of
// this one have none.
func TestHandover_without_a_store_agent_is_refused(t *testing.T) {
	folders := runit.Folders{SV: "/etc/sv", Service: "/etc/service"}
	sidecar, agent := "/etc/sv/docker-web/services/announce", "/etc/sv/"+control.StoreService
	for claim, c := range map[string]struct {
		store   string
		dirs    []string
		refused bool
	}{
		"a sidecar beside rundockd store": {hostconfig.StoreEtcd, []string{sidecar, agent}, false},
		"a sidecar without it":            {hostconfig.StoreEtcd, []string{sidecar}, true},
		"a host without a store":          {"", []string{sidecar}, false},
		"a host without anything of ours": {hostconfig.StoreConsul, nil, false},
	} {
		err := lacksStoreAgent(folders, c.store, c.dirs)
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "no /etc/service/rundock-store") {
			t.Errorf("%s: %v", claim, err)
		}
	}
}
