package overlayhost

import (
	"fmt"
	"strings"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

// Left is what an audit of a network would do at this moment.
func Left(name string) (commands []string, err error) {
	commands, _, err = Look(name)
	return commands, err
}

// Look returns what an audit of a network would do at this moment, as
// commands, and what it would leave to others.
func Look(name string) (commands, faults []string, err error) {
	settings, lost, err := ReadSettings(name)
	if err != nil {
		return nil, nil, err
	}
	joined, err := ReadJoined(name)
	if err != nil {
		return nil, nil, err
	}
	p, err := PlaceOf(joined)
	if err != nil {
		return nil, nil, err
	}
	if lost {
		faults = append(faults, overlay.LostSettings(name, settings).String())
	} else if changed := overlay.ChangedSettings(settings, joined); changed != (overlay.Fault{}) {
		faults = append(faults, changed.String())
	}
	known, err := ReadSaved(overlay.SavedDir, p.Settings.Network)
	if err != nil {
		return nil, nil, err
	}
	if says, err := control.ReadOverlay(control.Dir, name); err == nil && says.Unsaved != "" {
		return nil, nil, fmt.Errorf("what the kernel should hold of network %s is not known, as its agent cannot save it: %s", name, says.Unsaved)
	}
	if !known.Subnet.IsValid() {
		return nil, nil, fmt.Errorf("network %s has no subnet on this host yet", name)
	}
	if known.Machine != "" {
		p.Machine = known.Machine // a new id counts from the agent's next start
	}
	want, err := p.Wanted(known)
	if err != nil {
		return nil, nil, err
	}
	k, err := kernel.Open()
	if err != nil {
		return nil, nil, err
	}
	defer k.Close()
	ops, found, err := kernel.NewKeeper(k, p.Settings.Network, ReadPorts(name)).Check(known.Subnet, want.State())
	for _, op := range ops {
		commands = append(commands, strings.Split(op.String(), "\n")...)
	}
	for _, f := range found {
		faults = append(faults, f.String())
	}
	return commands, faults, err
}
