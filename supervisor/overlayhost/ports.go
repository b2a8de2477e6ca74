package overlayhost

import (
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
)

// PortsFile has a line for each device at a network's bridge. It goes with the
// boot, as the devices do.
func PortsFile(network string) string {
	return filepath.Join(control.Dir, "overlay", network+".ports")
}

// ReadPorts returns none where none are kept.
func ReadPorts(network string) []string {
	data, _ := os.ReadFile(PortsFile(network))
	return strings.Fields(string(data))
}

func SavePorts(network string, ports []string) error {
	path := PortsFile(network)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(strings.Join(ports, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
