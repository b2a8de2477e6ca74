package overlayctl

import (
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// networks are the reports about networks.
var networks = report.Networks{
	Names: func() ([]string, error) { return overlayhost.Names(nil) },
	Join: func(name string) (j report.Joined, err error) {
		if j.Settings, err = overlay.ReadSettings(overlay.SettingsDir, name); err != nil {
			return j, err
		}
		p, err := overlayhost.PlaceOf(j.Settings)
		if err != nil {
			return j, err
		}
		known, err := overlayhost.ReadSaved(overlay.KeptDir, j.Settings.Network)
		j.Host, j.Machine, j.Underlay, j.Subnet, j.Peers = p.Host, p.Machine, p.Underlay, known.Subnet, known.Peers
		return j, err
	},
	Left:  overlayhost.Left,
	Lives: process.IsRundockd,
}
