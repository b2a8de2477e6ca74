package main

import (
	"errors"
	"io/fs"
	"os"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/overlay"
)

// situation is how the network stands on the host, from files alone.
type situation struct {
	module.Standing
	Settings *overlay.Settings // nil: there are none, or they cannot be read
	Bad      error             // why they cannot
	Owed     bool              // it was left, and the registry has not been told
	Agent    module.Process
	Logger   module.Process
	Says     control.OverlayStatus
	Stale    bool // the agent that runs has read other settings, or is of a program that was replaced
}

// look finds out how the network stands.
func (t *task) look() (situation, error) {
	var s situation
	settings, err := overlay.ReadSettings(overlay.SettingsDir, t.p.Name)
	switch {
	case err == nil:
		s.Settings = &settings
	case !errors.Is(err, fs.ErrNotExist):
		s.Bad = err
	}
	if s.Standing, err = t.unit.Look(); err != nil {
		return s, err
	}
	if _, err := os.Lstat(overlay.UnreleasedFile(t.p.Name)); err == nil {
		s.Owed = true
	}
	if s.Agent, err = module.Watch(t.unit.Dir); err != nil {
		return s, err
	}
	if s.Logger, err = module.Watch(t.unit.Dir + "/log"); err != nil {
		return s, err
	}
	// An unreadable status is as good as none: the next agent writes it anew.
	s.Says, _ = control.ReadOverlay(control.Dir, t.p.Name)
	// An agent of a former release may lack what a newer Docker takes.
	s.Stale = s.speaks() && (s.Says.Digest != control.Digest(overlay.SettingsDir, []string{t.file()}) || module.ProgramReplaced(s.Says.PID))
	return s, nil
}

func (t *task) file() string { return t.p.Name + ".json" }

// speaks reports whether the status is of the agent that runs.
func (s situation) speaks() bool {
	return s.Agent.Supervised && s.Agent.Status.PID != 0 && s.Agent.Status.PID == s.Says.PID
}

// up reports whether the agent that runs keeps the network as the settings
// have it, and goes on to.
func (s situation) up() bool {
	return s.speaks() && s.Agent.Up() && !s.Agent.Status.GotTerm && !s.Stale && s.Says.State == control.OverlayUp && s.Says.Mute(control.Clock()) == 0
}

// tell notes how the network stands for the result. What an agent said that
// is no more is of the past, but for what it made.
func (t *task) tell(s situation) {
	f := facts{
		Name: t.p.Name, State: string(s.Says.State), Subnet: s.Says.Subnet, Gateway: s.Says.Gateway, MTU: s.Says.MTU,
		Underlay: s.Says.Underlay, Peers: s.Says.Peers, Alive: s.Says.Alive,
	}
	if s.Settings != nil {
		f.Devices = []string{s.Settings.Bridge(), s.Settings.Vxlan()}
	}
	if !s.speaks() {
		f.State, f.Peers, f.Alive = "down", 0, false
	}
	t.told = f
}
