package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
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

// overlayStatus prints a line for each network.
func overlayStatus(names []string) int {
	names, err := overlayNames(names)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay status:", err)
		return exitUnknown
	}
	code := exitWell
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NETWORK\tSTATE\tSUBNET\tMTU\tPEERS\tALIVE\tHEALED\tCHANGED\tREASON")
	for _, name := range names {
		s, err := control.ReadOverlay(control.Dir, name)
		if err != nil {
			s.Reason = err.Error()
		}
		if s.State == "" {
			s.State = "?"
		}
		if s.State != control.OverlayUp || !s.Alive {
			code = exitWrong
		}
		changed := "-"
		if !s.Changed.IsZero() {
			changed = s.Changed.Format(time.RFC3339)
		}
		reason := strings.TrimPrefix(s.Reason+"; "+s.Registry, "; ")
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%v\t%d\t%s\t%s\n", name, s.State, s.Subnet, s.MTU, s.Peers, s.Alive, s.Healed, changed, strings.TrimSuffix(reason, "; "))
	}
	w.Flush()
	return code
}

// overlayCheck prints what an audit would do.
func overlayCheck(names []string) int {
	names, err := overlayNames(names)
	code := exitWell
	for _, name := range names {
		ops, e := overlayLeft(name)
		err = errors.Join(err, e)
		for _, op := range ops {
			fmt.Println(op)
			code = exitWrong
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay check:", err)
		return max(code, exitUnknown)
	}
	return code
}

func overlayLeft(name string) ([]overlay.Op, error) {
	p, err := findOverlay(name)
	if err != nil {
		return nil, err
	}
	known, err := readKnown(overlayKept, p.settings.Network)
	if err != nil {
		return nil, err
	}
	if !known.Subnet.IsValid() {
		return nil, fmt.Errorf("network %s has no subnet on this host yet", name)
	}
	want, err := p.wanted(known)
	if err != nil {
		return nil, err
	}
	k, err := overlay.Open()
	if err != nil {
		return nil, err
	}
	defer k.Close()
	return overlay.NewKeeper(k, p.settings.Network, readPorts(name)).Check(known.Subnet, want.State())
}
