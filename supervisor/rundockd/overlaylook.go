package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/overlay"
	"rundock/supervisor/report"
)

// overlayNames returns names, or else those of all networks of this host.
func overlayNames(names []string) ([]string, error) {
	if len(names) > 0 {
		return names, nil
	}
	files, err := filepath.Glob(filepath.Join(overlaySettings, "*.json"))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return names, err
}

// overlayCheck prints what an audit would do, and would still do after a while.
func overlayCheck(names []string) int {
	names, err := overlayNames(names)
	code := exitWell
	for _, found := range checkOverlays(names) {
		err = errors.Join(err, found.err)
		for _, command := range found.left {
			fmt.Println(command)
			code = exitWrong
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay check:", err)
		return max(code, exitUnknown)
	}
	return code
}

// checked is what is left to do for a network, or why that is not known.
type checked struct {
	left []string
	err  error
}

// checkOverlays looks at all of these networks until nothing is left to do for
// any of them, or until it is beyond doubt what is.
func checkOverlays(names []string) []checked {
	return report.LookAgain(func(before []checked, again bool) []checked {
		now := make([]checked, len(names))
		for i, name := range names {
			left, faults, err := lookAtOverlay(name)
			now[i] = checked{append(left, faults...), err}
			if again {
				now[i].left = report.Lasting(before[i].left, now[i].left)
			}
		}
		return now
	}, func(all []checked) bool {
		return slices.ContainsFunc(all, func(c checked) bool { return len(c.left) > 0 })
	})
}

// overlayLeft is what an audit of a network would do at this moment.
func overlayLeft(name string) (commands []string, err error) {
	commands, _, err = lookAtOverlay(name)
	return commands, err
}

// lookAtOverlay returns what an audit of a network would do at this moment, as
// commands, and what it would leave to others.
func lookAtOverlay(name string) (commands, faults []string, err error) {
	p, err := findOverlay(name)
	if err != nil {
		return nil, nil, err
	}
	known, err := readKnown(overlayKept, p.settings.Network)
	if err != nil {
		return nil, nil, err
	}
	if !known.Subnet.IsValid() {
		return nil, nil, fmt.Errorf("network %s has no subnet on this host yet", name)
	}
	if known.Machine != "" {
		p.machine = known.Machine // a new id counts from the agent's next start
	}
	want, err := p.wanted(known)
	if err != nil {
		return nil, nil, err
	}
	k, err := overlay.Open()
	if err != nil {
		return nil, nil, err
	}
	defer k.Close()
	ops, found, err := overlay.NewKeeper(k, p.settings.Network, readPorts(name)).Check(known.Subnet, want.State())
	for _, op := range ops {
		commands = append(commands, strings.Split(op.String(), "\n")...)
	}
	for _, f := range found {
		faults = append(faults, f.String())
	}
	return commands, faults, err
}
