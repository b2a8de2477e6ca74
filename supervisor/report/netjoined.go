package report

import (
	"net/netip"

	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
)

// joined is a network as this host takes part in it.
type joined struct {
	Settings overlay.Settings
	Host     hostconfig.Config
	Machine  string
	Underlay overlay.Underlay
	Subnet   netip.Prefix   // this host's, by what its agent saved last
	Peers    []overlay.Peer // by the same
}

// readJoined reads how this host takes part in a network. The settings are set also
// with an error, if they can be read.
func readJoined(name string) (j joined, err error) {
	if j.Settings, err = overlay.ReadSettings(overlay.SettingsDir, name); err != nil {
		return j, err
	}
	p, err := overlayhost.PlaceOf(j.Settings)
	if err != nil {
		return j, err
	}
	saved, err := overlayhost.ReadSaved(overlay.KeptDir, j.Settings.Network)
	j.Host, j.Machine, j.Underlay, j.Subnet, j.Peers = p.Host, p.Machine, p.Underlay, saved.Subnet, saved.Peers
	return j, err
}
