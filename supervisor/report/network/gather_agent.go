package network

import (
	"os"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// agentFactsOf reads what a network's settings and its agent say.
func agentFactsOf(name string) agentFacts {
	f := agentFacts{Name: name}
	var err error
	f.Settings, err = overlay.ReadSettings(overlay.SettingsDir, name)
	f.SettingsTrouble = report.TroubleOf(err)
	f.AgentStatus, err = control.ReadOverlay(control.Dir, name)
	f.StatusTrouble = report.TroubleOf(err)
	f.AgentAlive = f.AgentStatus.PID != 0 && process.IsRundockd(f.AgentStatus.PID, "overlay")
	f.Silent = f.AgentStatus.Mute(control.Clock())
	return f
}

// readMembership reads how this host takes part in a network. The settings are set also
// with an error, if they can be read.
func readMembership(name string) (j membership, err error) {
	if j.Settings, err = overlay.ReadSettings(overlay.SettingsDir, name); err != nil {
		return j, err
	}
	p, err := overlayhost.PlaceOf(j.Settings)
	if err != nil {
		return j, err
	}
	saved, err := overlayhost.ReadSaved(overlay.SavedDir, j.Settings.Network)
	j.Host, j.Machine, j.Underlay, j.Subnet, j.Peers = p.Host, p.Machine, p.Underlay, saved.Subnet, saved.Peers
	return j, err
}

// gatherOwn finds out how this host takes part in a network; ok says that it could
// be found out.
func gatherOwn(name string) (f addressFacts, ok bool) {
	f = addressFacts{Now: time.Now(), Root: os.Geteuid() == 0}
	f.Host, _ = os.Hostname()
	here, err := readMembership(name)
	f.Own, f.Network, f.OwnTrouble = here, here.Settings.Network, report.TroubleOf(err)
	f.AgentStatus, err = control.ReadOverlay(control.Dir, name)
	f.StatusTrouble = report.TroubleOf(err)
	f.AgentAlive = f.AgentStatus.PID != 0 && process.IsRundockd(f.AgentStatus.PID, "overlay")
	f.Silent = f.AgentStatus.Mute(control.Clock())
	if here.Host.Host != "" {
		f.Host = here.Host.Host
	}
	return f, !f.OwnTrouble.Failed()
}
