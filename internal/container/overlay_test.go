package container

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOverlay_options_are_those_of_the_daemon(t *testing.T) {
	const mode, trusted = "com.docker.network.bridge.gateway_mode_ipv4", "com.docker.network.bridge.trusted_host_interfaces"
	o := Overlay{Name: "apps", Bridge: "ovl7", Device: "vx7", MTU: 1450}
	tests := []struct {
		docker, api   string
		nft           bool
		mode, trusted string
	}{
		{docker: "20.10", api: "1.41"},
		{docker: "27.5", api: "1.47"},
		{docker: "28.0", api: "1.48", mode: "nat-unprotected"},
		{docker: "28.1", api: "1.49", mode: "nat-unprotected"},
		{docker: "28.2", api: "1.50", trusted: "vx7"},
		{docker: "29.0", api: "1.52", trusted: "vx7"},
		{docker: "29.0 with nftables", api: "1.52", nft: true, mode: "nat-unprotected"},
	}
	for _, tt := range tests {
		t.Run(tt.docker, func(t *testing.T) {
			got := o.options(tt.api, tt.nft)
			if got[mode] != tt.mode || got[trusted] != tt.trusted {
				t.Errorf("options = %v, want mode %q and trusted %q", got, tt.mode, tt.trusted)
			}
			if got["com.docker.network.bridge.name"] != "ovl7" || got["com.docker.network.driver.mtu"] != "1450" || got["com.docker.network.bridge.enable_ip_masquerade"] != "false" {
				t.Errorf("options = %v", got)
			}
		})
	}
}

func TestOverlayConflict(t *testing.T) {
	tests := []struct {
		name, api, networks string
		want                string // "": none
	}{
		{"none", "1.41", `[{"Name":"bridge","IPAM":{"Config":[{"Subnet":"172.17.0.0/16"}]}},{"Name":"host"}]`, ""},
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
			err := d.open(t).OverlayConflict(t.Context(), "apps", netip.MustParsePrefix("10.42.0.0/16"))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("OverlayConflict = %v, want %q", err, tt.want)
			}
		})
	}
}
