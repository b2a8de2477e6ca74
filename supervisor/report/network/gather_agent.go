package network

import (
	"os"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/runit"
	"rundock/supervisor/overlaydir"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// agentFactsOf reads what a network's settings and its agent say.
func agentFactsOf(name string) agentFacts {
	f := agentFacts{Name: name}
	var err error
	f.Settings, f.Lost, err = overlayhost.ReadSettings(name)
	f.SettingsTrouble = report.TroubleOf(err)
	f.agentState = agentStateOf(name)
	return f
}

// agentStateOf finds out how a network's agent stands.
func agentStateOf(name string) agentState {
	status, err := control.ReadOverlay(control.Dir, name)
	return agentState{
		AgentStatus: status, StatusTrouble: report.TroubleOf(err),
		AgentAlive: status.PID != 0 && process.IsRundockd(status.PID, "overlay"),
		Silent:     status.Mute(control.Clock()), Down: downFile(name),
	}
}

// downFile is the file that keeps a network's agent from being started before sv up; "": there
// is none.
func downFile(name string) string {
	host, _ := hostconfig.Load(hostconfig.Path) // what is wrong with it is told elsewhere
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return ""
	}
	return folders.DownFile(overlaydir.Prefix + name)
}

// readMembership reads how this host takes part in a network. The settings are set also
// with an error, if they can be read.
func readMembership(name string) (j membership, err error) {
	if j.Settings, j.Lost, err = overlayhost.ReadSettings(name); err != nil {
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
	f.agentState = agentStateOf(name)
	if here.Host.Host != "" {
		f.Host = here.Host.Host
	}
	return f, !f.OwnTrouble.Failed()
}
