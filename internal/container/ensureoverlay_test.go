package container

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// What becomes of the network's containers where it cannot stay as it is.
func TestEnsureOverlay_of_a_network_that_is_otherwise(t *testing.T) {
	const containers = `"web":{"Name":"web"},"gone":{"Name":"gone"}`
	for _, tt := range []struct {
		name, subnet, mtu, containers string
		writes                        string
		err                           string
	}{
		{"another subnet, empty", "10.42.9", "1450", "", "DELETE id; POST create", ""},
		{"another subnet, with containers", "10.42.9", "1450", containers, "POST id/disconnect; POST id/disconnect; DELETE id; POST create; POST apps/connect", ""},
		{"another MTU, empty", "10.42.3", "1400", "", "DELETE id; POST create", ""},
		{"another MTU, with containers", "10.42.3", "1400", containers, "", ""},
		{"another option, empty", "10.42.3", `1450","com.docker.network.bridge.enable_ip_masquerade":"true`, "", "DELETE id; POST create", ""},
		{"another option, with containers", "10.42.3", `1450","com.docker.network.bridge.enable_ip_masquerade":"true`, containers, "",
			`docker network apps cannot be made anew (its option com.docker.network.bridge.enable_ip_masquerade is "true", want "false") while containers are attached: gone, web; stop them all for a moment, or take them off: docker network disconnect -f apps CONTAINER`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDaemon()
			d.network = fmt.Sprintf(`{"Name":"apps","Id":"id","Driver":"bridge","Labels":{"rundock.overlay":"apps"},"IPAM":{"Config":[{"Subnet":"%s.0/24","Gateway":"%[1]s.1"}]},
				"Options":{"com.docker.network.bridge.name":"ovl7","com.docker.network.bridge.enable_ip_masquerade":"false","com.docker.network.driver.mtu":"%s"},"Containers":{%s}}`, tt.subnet, tt.mtu, tt.containers)
			apps := Overlay{Name: "apps", Bridge: "ovl7", Subnet: netip.MustParsePrefix("10.42.3.0/24"), Gateway: netip.MustParseAddr("10.42.3.1"), MTU: 1450}
			done, err := d.open(t).EnsureOverlay(t.Context(), apps)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) {
				t.Errorf("EnsureOverlay = %v, want %q", err, tt.err)
			}
			if got := strings.Join(d.writes, "; "); got != tt.writes {
				t.Errorf("it did %q, want %q", got, tt.writes)
			}
			var moved []string
			if strings.Contains(tt.writes, "connect") {
				moved = []string{"web"}
			}
			if done.Changed != (tt.writes != "") || (done.Deferred == "") != (tt.name != "another MTU, with containers") || !slices.Equal(done.Moved, moved) {
				t.Errorf("EnsureOverlay = %+v, want %v moved", done, moved)
			}
		})
	}
}
