package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
