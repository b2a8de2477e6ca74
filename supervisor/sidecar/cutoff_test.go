package sidecar

import (
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/container"
	"rundock/internal/control"
)

func TestCutOff_is_a_container_whose_address_is_another_hosts(t *testing.T) {
	dir := t.TempDir()
	for name, state := range map[string]control.OverlayState{"fleet": control.OverlayFenced, "apps": control.OverlayUp} {
		if err := control.WriteOverlay(dir, control.OverlayStatus{Network: name, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	at := netip.MustParseAddr("10.42.3.2")
	why := cutOff(dir, container.State{Addresses: map[string]netip.Addr{"fleet": at, "apps": at, "bridge": at}})
	if len(why) != 1 || !strings.Contains(why["fleet"], "cut off there, see rundockd overlay status fleet") {
		t.Errorf("cut off in %v, want in fleet alone", why)
	}
}
