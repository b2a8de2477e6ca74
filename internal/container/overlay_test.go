package container

import (
	"maps"
	"net/netip"
	"strings"
	"testing"
)

// All versions of Docker have the same: a network made by one is another's.
func TestOverlay_options_are_the_same_but_for_a_daemon_that_writes_nftables(t *testing.T) {
	o := Overlay{Name: "apps", Bridge: "ovl7", MTU: 1450}
	want := map[string]string{
		"com.docker.network.bridge.name":                 "ovl7",
		"com.docker.network.driver.mtu":                  "1450",
		"com.docker.network.bridge.enable_ip_masquerade": "false",
	}
	if got := o.options(false); !maps.Equal(got, want) {
		t.Errorf("options = %v, want %v", got, want)
	}
	want["com.docker.network.bridge.gateway_mode_ipv4"] = "nat-unprotected"
	if got := o.options(true); !maps.Equal(got, want) {
		t.Errorf("options with nftables = %v, want %v", got, want)
	}
}

// Docker before 25 lets a script make two networks of one name, and then answers for none.
func TestOverlay_names_the_networks_of_one_name(t *testing.T) {
	d := newDaemon()
	d.ambiguous = true
	d.networks = `[{"Name":"apps","Id":"fedcba9876543210","Labels":{"rundock.overlay":"apps"}},{"Name":"bridge","Id":"1"},{"Name":"apps","Id":"0123456789abcdef"}]`
	const want = "docker network apps: there are 2 of that name, 0123456789ab (not rundock's), fedcba987654 (rundock's): remove the one that is not to be there, docker network rm ID ("
	c := d.open(t)
	_, ensure := c.EnsureOverlay(t.Context(), Overlay{Name: "apps"})
	_, attached := c.OverlayContainers(t.Context(), "apps")
	for call, err := range map[string]error{"EnsureOverlay": ensure, "OverlayContainers": attached, "OverlayFree": c.OverlayFree(t.Context(), "apps")} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s = %v, want %s", call, err, want)
		}
	}
}

func TestOverlayConflict(t *testing.T) {
	tests := []struct {
		name, api, networks string
		want                string // "": none
	}{
		{"none", "1.41", `[{"Name":"bridge","Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.18.0.0/16"}]}},{"Name":"host"}]`, ""},
		{"one that has the underlay address", "1.41", `[{"Name":"bridge","Driver":"bridge","Options":{"com.docker.network.bridge.name":"docker0"},"IPAM":{"Config":[{"Subnet":"172.17.0.0/16"}]}}]`,
			"underlay: the address 172.17.0.1 is that of docker network bridge on this host, by which no other host reaches it: give underlay the interface"},
		{"one of compose that has it", "1.47", `[{"Name":"shop_default","Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.17.0.0/24"}]}}]`, "is that of docker network shop_default"},
		{"one beside the host at its interface", "1.41", `[{"Name":"lan","Driver":"macvlan","IPAM":{"Config":[{"Subnet":"172.17.0.0/16"}]}}]`, ""},
		{"one over a bridge of the host's own", "1.41", `[{"Name":"lan","Driver":"bridge","Options":{"com.docker.network.bridge.name":"br0"},"IPAM":{"Config":[{"Subnet":"172.17.0.0/16"}]}}]`, ""},
		{"the network itself", "1.41", `[{"Name":"apps","Labels":{"rundock.overlay":"apps"},"IPAM":{"Config":[{"Subnet":"10.42.3.0/24"}]}}]`, ""},
		{"another of its name", "1.41", `[{"Name":"apps","IPAM":{"Config":[{"Subnet":"10.42.3.0/24"}]}}]`, "cidr 10.42.0.0/16 overlaps 10.42.3.0/24 of docker network apps"},
		{"a larger one", "1.47", `[{"Name":"shop_default","IPAM":{"Config":[{"Subnet":"fd00::/64"},{"Subnet":"10.0.0.0/8"}]}}]`, "cidr 10.42.0.0/16 overlaps 10.0.0.0/8 of docker network shop_default"},
		{"a daemon that is too old", "1.40", `[]`, "network apps needs Docker Engine API 1.41 (Docker 20.10); the daemon of this host speaks 1.40"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDaemon()
			d.api.Store(tt.api)
			d.networks = tt.networks
			err := d.open(t).OverlayConflict(t.Context(), "apps", netip.MustParsePrefix("10.42.0.0/16"), netip.MustParseAddr("172.17.0.1"))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("OverlayConflict = %v, want %q", err, tt.want)
			}
		})
	}
}
