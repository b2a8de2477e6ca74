package network

import (
	"os"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"time"
)

// agentFactsOf reads what a network's settings and its agent say.
func agentFactsOf(name string) agentFacts {
	f := agentFacts{Name: name}
	var err error
	f.Settings, err = overlay.ReadSettings(overlay.SettingsDir, name)
	f.Trouble = report.TroubleOf(err)
	f.Says, err = control.ReadOverlay(control.Dir, name)
	f.Unsaid = report.TroubleOf(err)
	f.Lives = f.Says.PID != 0 && process.IsRundockd(f.Says.PID, "overlay")
	f.Silent = f.Says.Mute(control.Clock())
	return f
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

// findPlace finds out how this host takes part in a network; ok says that it could
// be found out.
func findPlace(name string) (f addressFacts, ok bool) {
	f = addressFacts{Now: time.Now(), Root: os.Geteuid() == 0}
	f.Host, _ = os.Hostname()
	here, err := readJoined(name)
	f.Known, f.Network, f.Place = here, here.Settings.Network, report.TroubleOf(err)
	f.Says, err = control.ReadOverlay(control.Dir, name)
	f.Unsaid = report.TroubleOf(err)
	f.Lives = f.Says.PID != 0 && process.IsRundockd(f.Says.PID, "overlay")
	f.Silent = f.Says.Mute(control.Clock())
	if here.Host.Host != "" {
		f.Host = here.Host.Host
	}
	return f, !f.Place.Failed()
}
