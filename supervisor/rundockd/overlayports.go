package main

import (
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
)

// portsFile has a line for each device at a network's bridge. It goes with the
// boot, as the devices do.
func portsFile(network string) string {
	return filepath.Join(control.Dir, "overlay", network+".ports")
}

// readPorts returns none where none are kept.
func readPorts(network string) []string {
	data, _ := os.ReadFile(portsFile(network))
	return strings.Fields(string(data))
}

func keepPorts(network string, ports []string) error {
	path := portsFile(network)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(strings.Join(ports, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
