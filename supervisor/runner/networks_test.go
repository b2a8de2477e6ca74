package runner

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"rundock/internal/control"
	"rundock/internal/spec"
)

func TestOverlays_are_the_networks_that_this_host_keeps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"apps", "zone", "bridge"} {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	aliases := &spec.Network{Aliases: []string{"web"}}
	for name, c := range map[string]struct {
		container spec.Container
		want      []spec.Network
	}{
		"none":                    {spec.Container{}, nil},
		"Docker's own":            {spec.Container{Network: "bridge"}, nil},
		"somebody else's":         {spec.Container{Network: "other"}, nil},
		"the first":               {spec.Container{Network: "apps", Endpoint: aliases}, []spec.Network{{Name: "apps", Aliases: []string{"web"}}}},
		"further ones":            {spec.Container{Network: "other", Networks: []spec.Network{{Name: "zone"}}}, []spec.Network{{Name: "zone"}}},
		"another container's own": {spec.Container{Network: "container:apps"}, nil},
	} {
		if got := overlays(c.container, dir); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: overlays = %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWhyNoNetwork_is_in_the_words_of_its_agent(t *testing.T) {
	for _, c := range []struct {
		says control.OverlayStatus
		want string
	}{
		{control.OverlayStatus{}, "its agent has said nothing: see sv status overlay-apps"},
		{control.OverlayStatus{State: control.OverlayWaiting, Reason: "no subnet yet", Registry: "etcd http://10.0.0.5:2379: connection refused"}, "no subnet yet; etcd http://10.0.0.5:2379: connection refused"},
		{control.OverlayStatus{State: control.OverlayWaiting, Reason: "docker network apps is there already, and is not ours"}, "docker network apps is there already, and is not ours"},
		{control.OverlayStatus{State: control.OverlayUp}, "its agent says that it is up"},
	} {
		if got := whyNoNetwork("apps", c.says); got != c.want {
			t.Errorf("whyNoNetwork(%+v) = %q, want %q", c.says, got, c.want)
		}
	}
}
