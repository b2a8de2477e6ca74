// Package look finds out how an overlay network stands on this host, and whether the host
// has room for it: what files, runsvs, the agent's status, interfaces and the kernel say. It
// executes nothing and changes nothing.
package look

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/modules/rundock_overlay/plan"
	"rundock/supervisor/overlaydir"
)

// Network finds out how the network of this name stands, whose agent is unit.
func Network(unit *module.Unit, name string) (plan.Situation, error) {
	var s plan.Situation
	settings, err := overlay.ReadSettings(overlay.SettingsDir, name)
	switch {
	case err == nil:
		s.Settings = &settings
	case !errors.Is(err, fs.ErrNotExist):
		s.Bad = err
	}
	saved, unsaved := overlay.ReadSavedSettings(overlay.SavedDir, name)
	s.Joined = cmp.Or(saved, s.Settings)
	s.Lost = errors.Is(err, fs.ErrNotExist) && (saved != nil || unsaved != nil)
	if s.Lost && unsaved != nil {
		s.Bad = lost(name, unsaved)
	}
	if s.Daemon, err = unit.LookDaemon(overlaydir.LogDir(name)); err != nil {
		return s, err
	}
	if _, err := os.Lstat(overlay.UnreleasedFile(name)); err == nil {
		s.Owed = true
	}
	// An unreadable status is as good as none: the next agent writes it anew.
	s.Says, _ = control.ReadOverlay(control.Dir, name)
	s.Silent = s.Says.Mute(control.Clock())
	// An agent of a former release may lack what a newer Docker takes.
	s.Stale = s.Speaks() && (s.Says.Digest != control.Digest(overlay.SettingsDir, []string{plan.SettingsFile(name)}) || module.ProgramReplaced(s.Says.PID))
	return s, nil
}

// lost says that the settings are gone though the host is in the network, and that, by
// unsaved, its agent did not save them.
func lost(name string, unsaved error) error {
	return fmt.Errorf("%s is gone, and this host is still in network %s; %w: call state=present with the values that the network has, and then state=absent",
		filepath.Join(overlay.SettingsDir, plan.SettingsFile(name)), name, unsaved)
}
